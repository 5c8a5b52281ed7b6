-- A resolution whose year its issuer writes in brackets.
INSERT INTO instrument (id, symbol, symbol_folded, title, title_folded, adopted_on, audience, owner, created_at, updated_at, version) VALUES
    ({ins:10}, 'S/RES/2396 (2017)', 'S/RES/2396', '{"original":"en","texts":{"en":"Resolution"}}', 'resolution', '2017-12-21', 0, NULL,
     '2026-11-30T21:00:00+00:00', '2026-11-30T21:00:00+00:00', 1);
