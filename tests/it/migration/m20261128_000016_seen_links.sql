-- An organisation's draft that names a meeting, and one whose agreement has been recorded.
INSERT INTO recommendation (id, body_id, label, label_year, label_serial, kind, status, title, title_folded, text, rationale, priority,
    target_date, adopted_on, agreed_meeting_id, meeting_id, drafted_by_id, supersedes_id, is_demo, no_personal_data,
    audience, owner, created_at, updated_at, version) VALUES
    ({rec:8}, {bod:2}, NULL, NULL, NULL, 'RECOMMENDATION', 'DRAFT', '{"original":"en","texts":{"en":"Work"}}',
     'work', '{"original":"en","texts":{"en":"Find work."}}', NULL, NULL,
     NULL, NULL, NULL, {mtg:5}, {org:1}, NULL, false, false,
     2, {org:1}, '2026-11-28T14:00:00+00:00', '2026-11-28T14:00:00+00:00', 1),
    ({rec:9}, {bod:2}, NULL, NULL, NULL, 'RECOMMENDATION', 'AGREED_IN_GROUP', '{"original":"en","texts":{"en":"Homes"}}',
     'homes', '{"original":"en","texts":{"en":"Find homes."}}', NULL, NULL,
     NULL, NULL, {mtg:1}, NULL, {org:2}, NULL, false, false,
     1, {org:2}, '2026-11-28T14:00:00+00:00', '2026-11-28T14:00:00+00:00', 28641601);
INSERT INTO recommendation_revision (id, recommendation_id, number, title, text, rationale, change_note, audience, owner, created_at) VALUES
    ({rev:9}, {rec:8}, 1, '{"original":"en","texts":{"en":"Work"}}', '{"original":"en","texts":{"en":"Find work."}}',
     NULL, NULL, 2, {org:1}, '2026-11-28T14:00:00+00:00'),
    ({rev:10}, {rec:9}, 1, '{"original":"en","texts":{"en":"Homes"}}', '{"original":"en","texts":{"en":"Find homes."}}',
     NULL, NULL, 1, {org:2}, '2026-11-28T14:00:00+00:00');
