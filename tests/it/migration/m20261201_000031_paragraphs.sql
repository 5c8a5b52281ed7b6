-- A plain text and its revisions have no paragraph.
INSERT INTO recommendation_revision (id, recommendation_id, number, title, text, change_note, created_at, audience, owner)
SELECT recommendation_id, recommendation_id, 900, title, text, 'The last before paragraphs', created_at, audience, owner
FROM recommendation_revision WHERE number = 1;
