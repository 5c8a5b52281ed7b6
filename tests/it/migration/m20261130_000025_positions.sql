-- An objection that was answered and withdrawn.
INSERT INTO position (id, recommendation_id, procedure_id, organization_id, mandate_id, kind, text, proposed_text, stated_at, answer,
    answered_by_id, answered_at, maintained_at, withdrawn_at, audience, owner, created_at, updated_at, version) VALUES
    ({pos:1}, {rec:3}, {prc:2}, {org:1}, {mdt:1}, 'OBJECTION', '{"original":"en","texts":{"en":"Too early."}}', NULL,
     '2026-11-30T22:10:00+00:00', '{"original":"en","texts":{"en":"It begins next year."}}', NULL, '2026-11-30T22:20:00+00:00', NULL,
     '2026-11-30T22:30:00+00:00', 1, {org:1}, '2026-11-30T22:10:00+00:00', '2026-11-30T22:30:00+00:00', 3);
