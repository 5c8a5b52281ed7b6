-- An organisation that the secretariat has recorded, and one that has entered itself.
INSERT INTO participation (id, meeting_id, organization_id, capacity, attendance, delegates, confirmed, audience, owner, created_at, updated_at,
    version) VALUES
    ({par:8}, {mtg:7}, {org:1}, 'SPEAKER', 'CONFIRMED', 2, true, 1, NULL, '2026-11-30T10:00:00+00:00', '2026-11-30T10:00:00+00:00', 1),
    ({par:9}, {mtg:7}, {org:2}, 'OBSERVER', 'INVITED', NULL, false, 1, NULL, '2026-11-30T10:00:00+00:00', '2026-11-30T10:00:00+00:00', 1);
