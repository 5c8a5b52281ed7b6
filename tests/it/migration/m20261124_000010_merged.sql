-- A theme that nothing had been adopted with was merged into theme 2.
INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, reason, audience, owner, audience_before, owner_before,
    replaced_by) VALUES
    (8, '2026-11-24T20:00:00+00:00', 'secretariat', 'THEME', {thm:9}, 'REMOVED', 2, 'MERGED', 0, NULL, 0, NULL, {thm:2});
UPDATE change_head SET seq = 8;
