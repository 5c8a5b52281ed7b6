-- Recommendation 5 takes the place of 1; of the themes that say the same it has the second one alone.
UPDATE recommendation SET status = 'SUPERSEDED', updated_at = '2026-11-24T13:00:00+00:00', version = 6 WHERE id = {rec:1};
INSERT INTO recommendation (id, body_id, label, label_year, label_serial, kind, status, title, title_folded, text, rationale, priority,
    target_date, adopted_on, agreed_meeting_id, meeting_id, drafted_by_id, supersedes_id, is_demo, no_personal_data,
    audience, owner, created_at, updated_at, version) VALUES
    ({rec:5}, {bod:2}, 'REC/WG-A/2026/1', 2026, 1, 'RECOMMENDATION', 'ADOPTED', '{"original":"en","texts":{"en":"Documents for all"}}',
     'documents for all', '{"original":"en","texts":{"en":"Issue documents to all."}}', NULL, 'URGENT',
     '2027-12-31', '2026-11-24', NULL, {mtg:1}, {org:2}, {rec:1}, false, true,
     0, {org:2}, '2026-11-24T13:00:00+00:00', '2026-11-24T13:00:00+00:00', 1);
INSERT INTO recommendation_revision (id, recommendation_id, number, title, text, rationale, change_note, audience, owner, created_at) VALUES
    ({rev:6}, {rec:5}, 1, '{"original":"en","texts":{"en":"Documents for all"}}',
     '{"original":"en","texts":{"en":"Issue documents to all."}}', NULL, NULL, 0, {org:2}, '2026-11-24T13:00:00+00:00');
INSERT INTO recommendation_theme (id, recommendation_id, theme_id, position, audience, owner) VALUES
    ({rth:5}, {rec:5}, {thm:3}, 0, 0, {org:2});
INSERT INTO addressee (id, recommendation_id, category, role, country_id, organization_id, position, audience, owner) VALUES
    ({adr:5}, {rec:5}, 'GOVERNMENT', 'LEAD', {cty:1}, NULL, 0, 0, {org:2});

INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, reason, audience, owner, audience_before, owner_before) VALUES
    (5, '2026-11-24T13:00:00+00:00', 'secretariat', 'RECOMMENDATION', {rec:1}, 'UPDATED', 6, NULL, 0, {org:1}, 0, {org:1}),
    (6, '2026-11-24T13:00:00+00:00', 'secretariat', 'RECOMMENDATION', {rec:5}, 'CREATED', 1, NULL, 0, {org:2}, NULL, NULL);
UPDATE change_head SET seq = 6;
