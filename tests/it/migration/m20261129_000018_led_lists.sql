-- A meeting of two bodies that was called off.
INSERT INTO meeting (id, title, title_folded, kind, modality, status, starts_on, ends_on, timezone, city, venue, theme, participant_count,
    count_qualifier, chatham_house, sensitivity, country_id, is_demo, audience, owner, created_at, updated_at, version) VALUES
    ({mtg:7}, '{"original":"en","texts":{"en":"Third session"}}', 'third session', 'PLENARY', 'ONLINE', 'CANCELLED', '2027-05-15',
     '2027-05-15', 'Asia/Tashkent', NULL, NULL, NULL, NULL,
     NULL, false, 'PARTICIPANTS_ONLY', {cty:1}, false, 1, NULL, '2026-11-29T10:00:00+00:00', '2026-11-29T10:00:00+00:00', 2);
INSERT INTO body_session (id, meeting_id, body_id, ordinal, audience, owner) VALUES
    ({ses:7}, {mtg:7}, {bod:1}, 3, 1, NULL),
    ({ses:8}, {mtg:7}, {bod:2}, 3, 1, NULL);
