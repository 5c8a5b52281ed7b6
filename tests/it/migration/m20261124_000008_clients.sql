-- A partner with a token that is used and one that was revoked, and a reader that is no longer active.
INSERT INTO client (id, purpose, role, organization_id, scopes, active, created_at, audience, owner) VALUES
    ({cli:1}, 'Registry', 'PARTNER', {org:1}, '["READ","SYNC","WRITE_RECOMMENDATIONS"]', true, '2026-11-24T17:00:00+00:00', 2, NULL),
    ({cli:2}, 'Dashboard', 'READER', NULL, '["READ"]', false, '2026-11-24T17:00:00+00:00', 2, NULL);

INSERT INTO client_token (id, client_id, issued_at, expires_at, revoked_at, used_at, audience, owner) VALUES
    ({tok:1}, {cli:1}, '2026-11-24T17:00:00+00:00', '2027-11-24T17:00:00+00:00', NULL, '2026-11-24T18:00:00+00:00', 2, NULL),
    ({tok:2}, {cli:1}, '2026-11-24T17:00:00+00:00', '2027-11-24T17:00:00+00:00', '2026-11-24T17:30:00+00:00', NULL, 2, NULL);
