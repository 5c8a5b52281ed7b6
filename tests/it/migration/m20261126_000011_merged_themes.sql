-- Theme 3 is merged into theme 1 as the service does it: the links of adopted recommendations follow, of two alike one goes.
UPDATE theme SET merged_into_id = {thm:1} WHERE id = {thm:3};
UPDATE recommendation_theme SET theme_id = {thm:1} WHERE id = {rth:5};
DELETE FROM recommendation_theme WHERE id = {rth:2};
UPDATE theme SET parent_id = {thm:1}, version = 2, updated_at = '2026-11-26T10:00:00+00:00' WHERE id = {thm:4};
UPDATE external_id SET record_id = {thm:1} WHERE record_id = {thm:3};
DELETE FROM theme WHERE id = {thm:3};

INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, reason, audience, owner, audience_before, owner_before,
    replaced_by) VALUES
    (9, '2026-11-26T10:00:00+00:00', 'secretariat', 'THEME', {thm:4}, 'UPDATED', 2, NULL, 0, NULL, 0, NULL, NULL),
    (10, '2026-11-26T10:00:00+00:00', 'secretariat', 'THEME', {thm:3}, 'REMOVED', 2, 'MERGED', 0, NULL, 0, NULL, {thm:1});
UPDATE change_head SET seq = 10;
