INSERT INTO record_state (id, record_id, version, since, state, audience, owner)
SELECT id, id, version, updated_at, json_object(
    'type', 'RECOMMENDATION',
    'status', status,
    'label', label,
    'priority', priority,
    'targetDate', target_date,
    'adoptedOn', adopted_on,
    'revision', (SELECT max(number) FROM recommendation_revision WHERE recommendation_id = recommendation.id),
    'addressees', (
        SELECT json_group_array(json_object(
            'category', category,
            'countryId', CASE WHEN country_id IS NOT NULL THEN 'cty_' || lower(hex(country_id)) END,
            'organizationId', CASE WHEN organization_id IS NOT NULL THEN 'org_' || lower(hex(organization_id)) END,
            'role', role
        ) ORDER BY position) FROM addressee WHERE recommendation_id = recommendation.id
    )
), audience, owner FROM recommendation;

INSERT INTO record_state (id, record_id, version, since, state, audience, owner)
SELECT id, id, version, updated_at, json_object(
    'type', 'MEETING',
    'status', status,
    'modality', modality,
    'startsOn', starts_on,
    'endsOn', ends_on,
    'timezone', timezone,
    'countryId', CASE WHEN country_id IS NOT NULL THEN 'cty_' || lower(hex(country_id)) END,
    'sensitivity', sensitivity,
    'chathamHouse', json(CASE WHEN chatham_house THEN 'true' ELSE 'false' END),
    'organizers', (
        SELECT json_group_array(json_object(
            'organizationId', 'org_' || lower(hex(organization_id)),
            'role', role
        ) ORDER BY position) FROM meeting_organizer WHERE meeting_id = meeting.id
    ),
    'sessions', (
        SELECT json_group_array(json_object(
            'bodyId', 'bod_' || lower(hex(body_id)),
            'ordinal', ordinal
        ) ORDER BY ordinal, id) FROM body_session WHERE meeting_id = meeting.id
    )
), audience, owner FROM meeting;
