-- A system of a partner's, which calls a theme that will be merged, and one of the secretariat's.
INSERT INTO source_system (id, name, audience, owner) VALUES
    ({sys:1}, 'isrs:registry', 2, {org:1}),
    ({sys:2}, 'archive', 2, NULL);

INSERT INTO external_id (id, source_system, value, record_kind, record_id, created_at, audience, owner) VALUES
    ({xid:1}, 'isrs:registry', '2025-17', 'RECOMMENDATION', {rec:1}, '2026-11-24T15:00:00+00:00', 2, {org:1}),
    ({xid:2}, 'isrs:registry', 'T3', 'THEME', {thm:3}, '2026-11-24T15:00:00+00:00', 2, {org:1}),
    ({xid:3}, 'archive', 'box 4', 'MEETING', {mtg:1}, '2026-11-24T15:00:00+00:00', 2, NULL);
