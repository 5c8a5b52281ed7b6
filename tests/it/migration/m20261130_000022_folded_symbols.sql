-- Two symbols that differ in the case of a letter.
INSERT INTO instrument (id, symbol, title, title_folded, adopted_on, audience, owner, created_at, updated_at, version) VALUES
    ({ins:8}, 'A/RES/60/288/Add.1', '{"original":"en","texts":{"en":"Strategy"}}', 'strategy', '2006-09-08', 0, NULL,
     '2026-11-30T20:00:00+00:00', '2026-11-30T20:00:00+00:00', 1),
    ({ins:9}, 'A/RES/60/288/ADD.1', '{"original":"en","texts":{"en":"Strategy"}}', 'strategy', NULL, 0, NULL,
     '2026-11-30T20:00:00+00:00', '2026-11-30T20:00:00+00:00', 1);
