-- What the command line issues tokens for, and one of them.
INSERT INTO client (id, purpose, role, organization_id, scopes, active, local, created_at, audience, owner) VALUES
    ({cli:3}, 'rec token', 'SECRETARIAT', NULL, '[]', true, true, '2026-11-30T17:00:00+00:00', 2, NULL);

INSERT INTO client_token (id, client_id, issued_at, expires_at, revoked_at, used_at, audience, owner) VALUES
    ({tok:3}, {cli:3}, '2026-11-30T17:00:00+00:00', '2026-11-30T18:00:00+00:00', NULL, NULL, 2, NULL);
