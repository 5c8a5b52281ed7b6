-- A document of a meeting, without a symbol.
INSERT INTO document (id, symbol, symbol_folded, kind, title, title_folded, sensitivity, issued_on, versions, meeting_id, agenda_item_id,
    body_id, recommendation_id, no_personal_data, audience, owner, created_at, updated_at, version) VALUES
    ({doc:2}, NULL, NULL, 'STATEMENT', '{"original":"en","texts":{"en":"A statement"}}', 'a statement', 'CONFIDENTIAL', NULL,
     '[{"locale":"en","url":"https://example.org/statement","sha256":null,"state":"ORIGINAL","changedAt":"2026-12-01T06:00:00Z"}]',
     {mtg:7}, NULL, NULL, NULL, false, 2, NULL, '2026-12-01T06:00:00+00:00', '2026-12-01T06:00:00+00:00', 1);
