-- The feed knows its home, and gives versions above all that a restored backup has lost. Webhook 4 has been told of no identity.
UPDATE change_head SET home = 'file', first_version = 28641600;
INSERT INTO webhook (id, url, client_id, types, secrets, status, reason, position, failures, next_attempt_at, lease_holder, lease_until,
    created_at, audience, owner, epoch) VALUES
    ({whk:4}, 'https://example.org/next', NULL, '["MEETING","THEME"]', '[{"secret":"whsec_c2l4","until":null}]', 'DISABLED',
     'BY_ADMINISTRATOR', 10, 0, NULL, NULL, NULL, '2026-11-28T12:00:00+00:00', 2, NULL, NULL);

INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, reason, audience, owner, audience_before, owner_before,
    replaced_by) VALUES
    (11, '2026-11-28T12:00:00+00:00', 'secretariat', 'MEETING', {mtg:5}, 'UPDATED', 28641600, NULL, 0, NULL, 0, NULL, NULL);
UPDATE meeting SET status = 'PLANNED', version = 28641600, updated_at = '2026-11-28T12:00:00+00:00' WHERE id = {mtg:5};
UPDATE change_head SET seq = 11;
