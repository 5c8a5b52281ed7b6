-- The probe has been written, and texts are in states that the next indexes tell apart.
UPDATE write_probe SET filler = '019300000000700080007569640000010193000000007000800075696400000101930000000070008000756964000001';

INSERT INTO recommendation (id, body_id, label, label_year, label_serial, kind, status, title, title_folded, text, rationale, priority,
    target_date, adopted_on, agreed_meeting_id, meeting_id, drafted_by_id, supersedes_id, is_demo, no_personal_data,
    audience, owner, created_at, updated_at, version) VALUES
    ({rec:6}, {bod:1}, NULL, NULL, NULL, 'RECOMMENDATION', 'NO_CONSENSUS', '{"original":"en","texts":{"en":"Borders"}}',
     'borders', '{"original":"en","texts":{"en":"Open borders."}}', NULL, 'MEDIUM',
     '2027-01-31', NULL, NULL, NULL, {org:2}, NULL, false, false,
     1, {org:2}, '2026-11-28T10:00:00+00:00', '2026-11-28T10:00:00+00:00', 3),
    ({rec:7}, {bod:1}, NULL, NULL, NULL, 'RECOMMENDATION', 'WITHDRAWN', '{"original":"en","texts":{"en":"Walls"}}',
     'walls', '{"original":"en","texts":{"en":"Build walls."}}', NULL, NULL,
     NULL, NULL, NULL, NULL, {org:2}, NULL, false, false,
     2, {org:2}, '2026-11-28T10:00:00+00:00', '2026-11-28T10:00:00+00:00', 2);
INSERT INTO recommendation_revision (id, recommendation_id, number, title, text, rationale, change_note, audience, owner, created_at) VALUES
    ({rev:7}, {rec:6}, 1, '{"original":"en","texts":{"en":"Borders"}}', '{"original":"en","texts":{"en":"Open borders."}}',
     NULL, NULL, 1, {org:2}, '2026-11-28T10:00:00+00:00'),
    ({rev:8}, {rec:7}, 1, '{"original":"en","texts":{"en":"Walls"}}', '{"original":"en","texts":{"en":"Build walls."}}',
     NULL, NULL, 2, {org:2}, '2026-11-28T10:00:00+00:00');
