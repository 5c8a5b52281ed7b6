-- A text that a group has in the room, and a silence that nobody has ended.
INSERT INTO consensus_procedure (id, recommendation_id, revision_id, body_id, meeting_id, mode, outcome, opened_at, deadline, closed_at, audience,
    owner, created_at, updated_at, version) SELECT {prc:1}, {rec:1}, {rev:2}, body_id, {mtg:5}, 'IN_MEETING', 'ADOPTED',
     '2026-11-30T22:00:00+00:00', NULL, '2026-11-30T22:00:00+00:00', 0, NULL, '2026-11-30T22:00:00+00:00', '2026-11-30T22:00:00+00:00', 1
     FROM recommendation WHERE id = {rec:1};
INSERT INTO consensus_procedure (id, recommendation_id, revision_id, body_id, meeting_id, mode, outcome, opened_at, deadline, closed_at, audience,
    owner, created_at, updated_at, version) SELECT {prc:2}, {rec:3}, {rev:4}, body_id, {mtg:5}, 'SILENCE', 'WITHDRAWN',
     '2026-11-30T22:00:00+00:00', '2026-12-03T22:00:00+00:00', '2026-11-30T23:00:00+00:00', 1, NULL, '2026-11-30T22:00:00+00:00',
     '2026-11-30T23:00:00+00:00', 2
     FROM recommendation WHERE id = {rec:3};
