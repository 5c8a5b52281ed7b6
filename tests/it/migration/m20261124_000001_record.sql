-- A council's first year: each table has rows, with and without what may be empty. Meeting 2 is of synthetic volume.

INSERT INTO country (id, iso2, name, name_folded, participating, audience, owner, created_at, updated_at, version) VALUES
    ({cty:1}, 'UZ', '{"original":"en","texts":{"en":"Uzbekistan","ru":"Узбекистан"}}', 'uzbekistan
узбекистан', true, 0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({cty:2}, 'AT', '{"original":"en","texts":{"en":"Austria"}}', 'austria', false, 0, NULL, '2026-11-24T10:00:00+00:00',
     '2026-11-24T10:00:00+00:00', 1);

INSERT INTO source (id, title, publisher, url, published_on, language, audience, owner, created_at, updated_at, version) VALUES
    ({src:1}, 'The council meets', 'ISRS', 'https://example.org/council-meets', '2025-05-16', 'en', 0, NULL,
     '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({src:2}, 'A report without an address', NULL, NULL, NULL, NULL, 0, NULL,
     '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO organization (id, acronym, name, name_folded, kind, seat, website, organizer, active, parent_id, country_id,
    audience, owner, created_at, updated_at, version) VALUES
    ({org:1}, 'ISRS', '{"original":"en","texts":{"en":"Institute"}}', 'institute', 'NATIONAL_INSTITUTE', 'Tashkent',
     'https://example.org', true, true, NULL, {cty:1}, 0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00.123456+00:00', 2),
    ({org:2}, 'OSCE', '{"original":"en","texts":{"en":"Organization"}}', 'organization', 'INTERGOVERNMENTAL_ORGANIZATION', NULL,
     NULL, false, true, NULL, NULL, 0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({org:3}, 'OSCE-PCUZ', '{"original":"en","texts":{"en":"Field operation"}}', 'field operation', 'IGO_FIELD_OPERATION', NULL,
     NULL, false, false, {org:2}, {cty:1}, 0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO body (id, code, kind, name, name_folded, mandate_text, established_on, active, reports_to_id,
    audience, owner, created_at, updated_at, version) VALUES
    ({bod:1}, 'PL', 'PLENARY', '{"original":"en","texts":{"en":"Council"}}', 'council', NULL, '2024-05-14', true, NULL,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({bod:2}, 'WG-A', 'WORKING_GROUP', '{"original":"en","texts":{"en":"Working group (a)"}}', 'working group (a)',
     '{"original":"ru","texts":{"ru":"Правовые вопросы"}}', NULL, true, {bod:1},
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO mandate (id, organization_id, body_id, country_id, role, can_object, valid_from, valid_to,
    audience, owner, created_at, updated_at, version) VALUES
    ({mdt:1}, {org:1}, {bod:2}, {cty:1}, 'MEMBER', true, '2024-05-14', '2025-05-13',
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 2),
    ({mdt:2}, {org:1}, {bod:2}, {cty:1}, 'MEMBER', true, '2025-05-14', NULL,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({mdt:3}, {org:2}, {bod:1}, NULL, 'OBSERVER', false, '2024-05-14', NULL,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO meeting (id, title, title_folded, kind, modality, status, starts_on, ends_on, timezone, city, venue, theme,
    participant_count, count_qualifier, chatham_house, sensitivity, country_id, audience, owner, created_at, updated_at, version) VALUES
    ({mtg:1}, '{"original":"en","texts":{"en":"First session"}}', 'first session', 'PLENARY', 'HYBRID', 'CONCLUDED', '2025-05-15',
     '2025-05-16', 'Asia/Tashkent', 'Tashkent', 'Institute', '{"original":"en","texts":{"en":"Return"}}',
     120, 'OVER', false, 'PUBLIC', {cty:1}, 0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 4),
    ({mtg:2}, '{"original":"en","texts":{"en":"Volume 0"}}', 'volume 0', 'WORKING_GROUP', 'IN_PERSON', 'CONCLUDED', '2025-06-02',
     '2025-06-02', 'Asia/Tashkent', NULL, NULL, NULL,
     NULL, NULL, false, 'PUBLIC', {cty:1}, 0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({mtg:3}, '{"original":"en","texts":{"en":"Briefing"}}', 'briefing', 'BRIEFING', 'ONLINE', 'PLANNED', '2027-02-01',
     '2027-02-01', 'Europe/Vienna', NULL, NULL, NULL,
     NULL, NULL, true, 'PARTICIPANTS_ONLY', NULL, 1, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO body_session (id, meeting_id, body_id, ordinal, audience, owner) VALUES
    ({ses:1}, {mtg:1}, {bod:1}, 1, 0, NULL),
    ({ses:2}, {mtg:1}, {bod:2}, 1, 0, NULL),
    ({ses:3}, {mtg:2}, {bod:2}, 1000001, 0, NULL);

INSERT INTO meeting_organizer (id, meeting_id, organization_id, role, position, audience, owner) VALUES
    ({mor:1}, {mtg:1}, {org:1}, 'HOST', 0, 0, NULL),
    ({mor:2}, {mtg:1}, {org:2}, 'CO_ORGANIZER', 1, 0, NULL),
    ({mor:3}, {mtg:3}, {org:2}, 'ORGANIZER', 0, 1, NULL);

INSERT INTO alternative_title (id, meeting_id, source_id, title, position, audience, owner) VALUES
    ({alt:1}, {mtg:1}, {src:1}, '{"original":"en","texts":{"en":"Opening of the council"}}', 0, 0, NULL);

INSERT INTO meeting_source (id, meeting_id, source_id, position, audience, owner) VALUES
    ({mso:1}, {mtg:1}, {src:1}, 0, 0, NULL),
    ({mso:2}, {mtg:1}, {src:2}, 1, 0, NULL);

INSERT INTO agenda_item (id, meeting_id, body_id, number, position, title, kind, chatham_house,
    audience, owner, created_at, updated_at, version) VALUES
    ({agi:1}, {mtg:1}, {bod:2}, '1', 0, '{"original":"en","texts":{"en":"Adoption"}}', 'DECISION', false,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({agi:2}, {mtg:3}, NULL, '1', 0, '{"original":"en","texts":{"en":"Questions"}}', 'DISCUSSION', true,
     1, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO participation (id, meeting_id, organization_id, capacity, attendance, delegates,
    audience, owner, created_at, updated_at, version) VALUES
    ({par:1}, {mtg:1}, {org:1}, 'HEAD_OF_DELEGATION', 'PRESENT', 3,
     0, {org:1}, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 2),
    ({par:2}, {mtg:3}, {org:2}, 'OBSERVER', 'INVITED', NULL,
     2, {org:2}, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

-- Theme 3 says the same as theme 1.
INSERT INTO theme (id, code, name, name_folded, kind, parent_id, audience, owner, created_at, updated_at, version) VALUES
    ({thm:1}, 'JUSTICE', '{"original":"en","texts":{"en":"Justice"}}', 'justice', 'SUBJECT', NULL,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({thm:2}, 'CHILDREN', '{"original":"en","texts":{"en":"Children"}}', 'children', 'AFFECTED_GROUP', NULL,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({thm:3}, 'JUDICIARY', '{"original":"en","texts":{"en":"Judiciary"}}', 'judiciary', 'SUBJECT', NULL,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({thm:4}, 'COURTS', '{"original":"en","texts":{"en":"Courts"}}', 'courts', 'SUBJECT', {thm:3},
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO instrument (id, symbol, title, title_folded, adopted_on, audience, owner, created_at, updated_at, version) VALUES
    ({ins:1}, 'S/RES/2178 (2014)', '{"original":"en","texts":{"en":"Resolution 2178"}}', 'resolution 2178', '2014-09-24',
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({ins:2}, 'CRC', '{"original":"en","texts":{"en":"Convention"}}', 'convention', NULL,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

-- 1 is adopted, 2 is an organisation's own draft, 3 is nobody's and before the body, 4 is a demonstration with the serial of 1.
INSERT INTO recommendation (id, body_id, label, label_year, label_serial, kind, status, title, title_folded, text, rationale, priority,
    target_date, adopted_on, agreed_meeting_id, meeting_id, drafted_by_id, supersedes_id, is_demo, no_personal_data,
    audience, owner, created_at, updated_at, version) VALUES
    ({rec:1}, {bod:2}, 'REC/WG-A/2025/1', 2025, 1, 'RECOMMENDATION', 'ADOPTED', '{"original":"en","texts":{"en":"Documents"}}',
     'documents', '{"original":"en","texts":{"en":"Issue documents without delay."}}',
     '{"original":"en","texts":{"en":"Many have none."}}', 'HIGH', '2026-12-31', '2025-05-16', {mtg:2}, {mtg:1}, {org:1}, NULL, false, true,
     0, {org:1}, '2026-11-24T10:00:00+00:00', '2026-11-24T11:00:00+00:00', 5),
    ({rec:2}, {bod:2}, NULL, NULL, NULL, 'PROPOSED_SOLUTION', 'DRAFT', '{"original":"ru","texts":{"ru":"Школы"}}',
     'школы', '{"original":"ru","texts":{"ru":"Открыть школы."}}', NULL,
     NULL, NULL, NULL, NULL, NULL, {org:1}, NULL, false, false,
     2, {org:1}, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({rec:3}, {bod:1}, NULL, NULL, NULL, 'RECOMMENDATION', 'UNDER_DISCUSSION', '{"original":"en","texts":{"en":"Health"}}',
     'health', '{"original":"en","texts":{"en":"Care for all."}}', NULL,
     'LOW', '2027-06-30', NULL, NULL, NULL, NULL, NULL, false, false,
     1, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 2),
    ({rec:4}, {bod:2}, 'DEMO/WG-A/2025/1', 2025, 1, 'RECOMMENDATION', 'TRANSMITTED', '{"original":"en","texts":{"en":"Demonstration"}}',
     'demonstration', '{"original":"en","texts":{"en":"Demonstration."}}', NULL,
     NULL, NULL, '2025-06-02', {mtg:2}, {mtg:2}, NULL, NULL, true, true,
     0, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO recommendation_revision (id, recommendation_id, number, title, text, rationale, change_note, audience, owner, created_at) VALUES
    ({rev:1}, {rec:1}, 1, '{"original":"en","texts":{"en":"Documents"}}', '{"original":"en","texts":{"en":"Issue documents."}}', NULL,
     NULL, 1, {org:1}, '2026-11-24T10:00:00+00:00'),
    ({rev:2}, {rec:1}, 2, '{"original":"en","texts":{"en":"Documents"}}',
     '{"original":"en","texts":{"en":"Issue documents without delay."}}', '{"original":"en","texts":{"en":"Many have none."}}',
     'Sooner.', 0, {org:1}, '2026-11-24T10:30:00+00:00'),
    ({rev:3}, {rec:2}, 1, '{"original":"ru","texts":{"ru":"Школы"}}', '{"original":"ru","texts":{"ru":"Открыть школы."}}',
     NULL, NULL, 2, {org:1}, '2026-11-24T10:00:00+00:00'),
    ({rev:4}, {rec:3}, 1, '{"original":"en","texts":{"en":"Health"}}', '{"original":"en","texts":{"en":"Care for all."}}', NULL,
     NULL, 1, NULL, '2026-11-24T10:00:00+00:00'),
    ({rev:5}, {rec:4}, 1, '{"original":"en","texts":{"en":"Demonstration"}}', '{"original":"en","texts":{"en":"Demonstration."}}', NULL,
     NULL, 0, NULL, '2026-11-24T10:00:00+00:00');

INSERT INTO recommendation_theme (id, recommendation_id, theme_id, position, audience, owner) VALUES
    ({rth:1}, {rec:1}, {thm:1}, 0, 0, {org:1}),
    ({rth:2}, {rec:1}, {thm:3}, 1, 0, {org:1}),
    ({rth:3}, {rec:2}, {thm:2}, 0, 2, {org:1}),
    ({rth:4}, {rec:4}, {thm:1}, 0, 0, NULL);

INSERT INTO recommendation_instrument (id, recommendation_id, instrument_id, position, audience, owner) VALUES
    ({rin:1}, {rec:1}, {ins:1}, 0, 0, {org:1}),
    ({rin:2}, {rec:2}, {ins:2}, 0, 2, {org:1}),
    ({rin:3}, {rec:3}, {ins:2}, 0, 1, NULL);

INSERT INTO addressee (id, recommendation_id, category, role, country_id, organization_id, position, audience, owner) VALUES
    ({adr:1}, {rec:1}, 'GOVERNMENT', 'LEAD', {cty:1}, NULL, 0, 0, {org:1}),
    ({adr:2}, {rec:1}, 'INTERNATIONAL_ORGANIZATION', 'SUPPORTING', NULL, {org:2}, 1, 0, {org:1}),
    ({adr:3}, {rec:2}, 'CIVIL_SOCIETY', 'LEAD', NULL, NULL, 0, 2, {org:1}),
    ({adr:4}, {rec:3}, 'ALL_STAKEHOLDERS', 'LEAD', NULL, NULL, 0, 1, NULL);

INSERT INTO repatriation_operation (id, country_id, code_name, name, date_from, date_to, date_precision, origins,
    audience, owner, created_at, updated_at, version) VALUES
    ({rop:1}, {cty:1}, 'Mehr-1', '{"original":"en","texts":{"en":"Kindness 1"}}', '2019-05-30', '2019-05-30', 'DAY', '["SY"]',
     2, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({rop:2}, {cty:1}, NULL, NULL, '2021-04-01', '2021-04-30', 'MONTH', '["SY","IQ"]',
     2, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO operation_figure (id, operation_id, country_id, scope, as_of, total, women, men, children, qualifier, confidence, preferred,
    source_id, audience, owner, created_at, updated_at, version) VALUES
    ({fig:1}, {rop:1}, NULL, 'OPERATION', '2019-05-30', 156, 48, 1, 107, 'EXACT', 'A', true,
     {src:1}, 2, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({fig:2}, NULL, {cty:1}, 'COUNTRY', '2021-04-30', 500, NULL, NULL, NULL, 'OVER', 'B', true,
     {src:2}, 2, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1),
    ({fig:3}, NULL, NULL, 'REGION', '2021-12-31', NULL, NULL, NULL, NULL, 'AT_LEAST', 'C', false,
     {src:2}, 2, NULL, '2026-11-24T10:00:00+00:00', '2026-11-24T10:00:00+00:00', 1);

INSERT INTO change (seq, at, actor, subject_kind, subject_id, kind, version, reason, audience, owner, audience_before, owner_before) VALUES
    (1, '2026-11-24T10:00:00+00:00', 'admin', 'MEETING', {mtg:1}, 'CREATED', 1, NULL, 0, NULL, NULL, NULL),
    (2, '2026-11-24T10:00:00+00:00', 'ISRS', 'RECOMMENDATION', {rec:1}, 'CREATED', 1, NULL, 2, {org:1}, NULL, NULL),
    (3, '2026-11-24T10:30:00+00:00', 'ISRS', 'RECOMMENDATION', {rec:1}, 'UPDATED', 2, NULL, 1, {org:1}, 2, {org:1}),
    (4, '2026-11-24T11:00:00+00:00', 'secretariat', 'AGENDA_ITEM', {agi:9}, 'REMOVED', 2, 'ENTERED_IN_ERROR', 0, NULL, 0, NULL);
UPDATE change_head SET seq = 4;

INSERT INTO audit (id, at, actor, action, subjects) VALUES
    ({aud:1}, '2026-11-24T10:00:00+00:00', 'seed', 'seed public', '[]'),
    ({aud:2}, '2026-11-24T10:30:00+00:00', 'isrs-editor', 'openDiscussion', '["rec_01930000000070008000726563000001"]');
