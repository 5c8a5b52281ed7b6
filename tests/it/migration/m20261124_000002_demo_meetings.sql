-- Meeting 4 is of synthetic volume and says so itself; 5 is the council's.
INSERT INTO meeting (id, title, title_folded, kind, modality, status, starts_on, ends_on, timezone, city, venue, theme, participant_count,
    count_qualifier, chatham_house, sensitivity, country_id, is_demo, audience, owner, created_at, updated_at, version) VALUES
    ({mtg:4}, '{"original":"en","texts":{"en":"Volume 1"}}', 'volume 1', 'WORKING_GROUP', 'HYBRID', 'CONFIRMED', '2026-12-01',
     '2026-12-02', 'Asia/Tashkent', NULL, NULL, NULL, 20,
     'ABOUT', false, 'CONFIDENTIAL', {cty:2}, true, 2, NULL, '2026-11-24T12:00:00+00:00', '2026-11-24T12:00:00+00:00', 1),
    ({mtg:5}, '{"original":"en","texts":{"en":"Second session"}}', 'second session', 'PLENARY', 'IN_PERSON', 'POSTPONED', '2026-12-10',
     '2026-12-11', 'Asia/Tashkent', NULL, NULL, NULL, NULL,
     NULL, false, 'PUBLIC', NULL, false, 0, NULL, '2026-11-24T12:00:00+00:00', '2026-11-24T12:00:00+00:00', 2);

INSERT INTO body_session (id, meeting_id, body_id, ordinal, audience, owner) VALUES
    ({ses:4}, {mtg:4}, {bod:2}, 1000002, 2, NULL),
    ({ses:5}, {mtg:5}, {bod:1}, 2, 0, NULL);
