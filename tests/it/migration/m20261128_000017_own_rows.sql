-- A meeting in a country that only the secretariat sees, with a session and an agenda item of a body.
INSERT INTO meeting (id, title, title_folded, kind, modality, status, starts_on, ends_on, timezone, city, venue, theme, participant_count,
    count_qualifier, chatham_house, sensitivity, country_id, is_demo, audience, owner, created_at, updated_at, version) VALUES
    ({mtg:6}, '{"original":"en","texts":{"en":"Consultation"}}', 'consultation', 'EXPERT_CONSULTATION', 'IN_PERSON', 'IN_SESSION',
     '2026-11-28', '2026-11-30', 'Europe/Vienna', 'Vienna', NULL, NULL, 12,
     'EXACT', true, 'CONFIDENTIAL', {cty:2}, false, 2, NULL, '2026-11-28T15:00:00+00:00', '2026-11-28T15:00:00+00:00', 1);
INSERT INTO body_session (id, meeting_id, body_id, ordinal, audience, owner) VALUES
    ({ses:6}, {mtg:6}, {bod:2}, 2, 2, NULL);
INSERT INTO agenda_item (id, meeting_id, body_id, number, position, title, kind, chatham_house,
    audience, owner, created_at, updated_at, version) VALUES
    ({agi:3}, {mtg:6}, {bod:2}, '1', 0, '{"original":"en","texts":{"en":"Opening"}}', 'ADMINISTRATIVE', true,
     2, NULL, '2026-11-28T15:00:00+00:00', '2026-11-28T15:00:00+00:00', 1),
    ({agi:4}, {mtg:6}, {bod:2}, '1 (a)', 1, '{"original":"en","texts":{"en":"Presentations"}}', 'PRESENTATION', true,
     2, NULL, '2026-11-28T15:00:00+00:00', '2026-11-28T15:00:00+00:00', 1);
