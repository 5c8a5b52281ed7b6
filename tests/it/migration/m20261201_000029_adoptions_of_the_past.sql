-- A draft that a source names; by its adoption it stays so.
UPDATE recommendation SET adoption_source_id = (SELECT id FROM source ORDER BY id LIMIT 1) WHERE label IS NULL;
