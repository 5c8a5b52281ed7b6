-- What two agenda items are about; the second one is about an organisation's own draft.
INSERT INTO agenda_item_recommendation (id, agenda_item_id, recommendation_id, position, audience, owner) VALUES
    ({agr:1}, {agi:1}, {rec:1}, 0, 0, NULL),
    ({agr:2}, {agi:1}, {rec:5}, 1, 0, NULL),
    ({agr:3}, {agi:2}, {rec:2}, 0, 1, NULL);

INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, reason, audience, owner, audience_before, owner_before) VALUES
    (7, '2026-11-24T14:00:00+00:00', 'secretariat', 'AGENDA_ITEM', {agi:1}, 'UPDATED', 2, NULL, 0, NULL, 0, NULL);
UPDATE agenda_item SET version = 2, updated_at = '2026-11-24T14:00:00+00:00' WHERE id = {agi:1};
UPDATE change_head SET seq = 7;
