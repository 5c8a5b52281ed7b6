-- One webhook is being told, one has been given up.
INSERT INTO webhook (id, url, client_id, types, secrets, status, reason, position, failures, next_attempt_at, lease_holder, lease_until,
    created_at, audience, owner) VALUES
    ({whk:1}, 'https://example.org/hook', {cli:1}, '["RECOMMENDATION"]',
     '[{"secret":"whsec_bmV3","until":null},{"secret":"whsec_b2xk","until":"2026-11-25T19:00:00Z"}]', 'ACTIVE', NULL, 6, 1,
     '2026-11-24T19:05:00+00:00', {uid:1}, '2026-11-24T19:01:00+00:00', '2026-11-24T19:00:00+00:00', 2, NULL),
    ({whk:2}, 'https://example.org/gone', NULL, '[]', '[{"secret":"whsec_b25l","until":null}]', 'DISABLED', 'GONE', 4, 0,
     NULL, NULL, NULL, '2026-11-24T19:00:00+00:00', 2, NULL);

INSERT INTO webhook_delivery (id, webhook_id, message_id, outcome, http_status, error, attempt, at, audience, owner) VALUES
    ({dlv:1}, {whk:1}, 'msg_6', 'DELIVERED', 204, NULL, 1, '2026-11-24T19:00:00+00:00', 2, NULL),
    ({dlv:2}, {whk:1}, 'msg_7', 'FAILED', NULL, 'the address does not answer', 1, '2026-11-24T19:00:01+00:00', 2, NULL);
