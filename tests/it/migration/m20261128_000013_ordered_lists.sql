-- A webhook that has not been told of anything yet.
INSERT INTO webhook (id, url, client_id, types, secrets, status, reason, position, failures, next_attempt_at, lease_holder, lease_until,
    created_at, audience, owner) VALUES
    ({whk:3}, 'https://example.org/new', {cli:1}, '[]', '[{"secret":"whsec_dHdv","until":null}]', 'ACTIVE', NULL, 10, 0,
     NULL, NULL, NULL, '2026-11-28T11:00:00+00:00', 2, NULL);
