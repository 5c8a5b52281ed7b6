-- An agenda in two languages, of which the translation is of an earlier original.
INSERT INTO document (id, symbol, symbol_folded, kind, title, title_folded, sensitivity, issued_on, versions, meeting_id, agenda_item_id,
    body_id, recommendation_id, no_personal_data, audience, owner, created_at, updated_at, version) VALUES
    ({doc:1}, 'SEC.DOC/2/00/Rev.1', 'SEC.DOC/2/00/REV.1', 'AGENDA', '{"original":"en","texts":{"en":"The agenda"}}', 'the agenda',
     'PUBLIC', '2026-12-01',
     '[{"locale":"en","url":"https://example.org/agenda.en.pdf","sha256":null,"state":"ORIGINAL","changedAt":"2026-12-01T02:00:00Z"},{"locale":"ru","url":"https://example.org/agenda.ru.pdf","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","state":"UNOFFICIAL","changedAt":"2026-12-01T01:00:00Z"}]',
     NULL, NULL, {bod:1}, NULL, true, 0, NULL, '2026-12-01T01:00:00+00:00', '2026-12-01T02:00:00+00:00', 2);
