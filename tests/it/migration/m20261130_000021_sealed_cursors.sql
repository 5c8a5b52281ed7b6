-- The first change whose cursor is sealed.
INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, reason, audience, owner, audience_before, owner_before,
    replaced_by) VALUES
    (12, '2026-11-30T19:00:00+00:00', 'secretariat', 'MEETING', {mtg:5}, 'UPDATED', 28641601, NULL, 0, NULL, 0, NULL, NULL);
UPDATE meeting SET version = 28641601, updated_at = '2026-11-30T19:00:00+00:00' WHERE id = {mtg:5};
UPDATE change_head SET seq = 12;
