-- A state of a version before the present one.
INSERT INTO record_state (id, record_id, version, since, state, audience, owner)
SELECT (SELECT id FROM theme ORDER BY id LIMIT 1), record_id, version - 1, '2024-01-01T00:00:00+00:00', state, audience, owner
FROM record_state WHERE version = 2 ORDER BY record_id LIMIT 1;
