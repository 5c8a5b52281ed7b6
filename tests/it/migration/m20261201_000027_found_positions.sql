-- The organisation whose objection was withdrawn supports the text.
INSERT INTO position (id, recommendation_id, procedure_id, organization_id, mandate_id, kind, text, proposed_text, stated_at, answer,
    answered_by_id, answered_at, maintained_at, withdrawn_at, audience, owner, created_at, updated_at, version) VALUES
    ({pos:2}, {rec:3}, {prc:2}, {org:1}, {mdt:1}, 'SUPPORT', NULL, NULL, '2026-12-01T03:55:00+00:00', NULL, NULL, NULL, NULL, NULL, 1,
     {org:1}, '2026-12-01T03:55:00+00:00', '2026-12-01T03:55:00+00:00', 1);
