-- A state of a version before the present one.
INSERT INTO record_state (id, record_id, version, since, state, audience, owner)
SELECT (SELECT id FROM theme ORDER BY id LIMIT 1), record_id, version + 900, since, state, audience, owner
FROM record_state WHERE version = 1 ORDER BY record_id LIMIT 1;
