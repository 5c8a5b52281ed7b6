INSERT INTO record_state (id, record_id, version, since, state, audience, owner)
SELECT id, id, version, updated_at, jsonb_build_object(
    'type', 'RECOMMENDATION',
    'status', status,
    'label', label,
    'priority', priority,
    'targetDate', target_date,
    'adoptedOn', adopted_on,
    'revision', (SELECT max(number) FROM recommendation_revision WHERE recommendation_id = recommendation.id),
    'addressees', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'category', category,
            'countryId', 'cty_' || replace(country_id::text, '-', ''),
            'organizationId', 'org_' || replace(organization_id::text, '-', ''),
            'role', role
        ) ORDER BY position), '[]') FROM addressee WHERE recommendation_id = recommendation.id
    )
), audience, owner FROM recommendation;

INSERT INTO record_state (id, record_id, version, since, state, audience, owner)
SELECT id, id, version, updated_at, jsonb_build_object(
    'type', 'MEETING',
    'status', status,
    'modality', modality,
    'startsOn', starts_on,
    'endsOn', ends_on,
    'timezone', timezone,
    'countryId', 'cty_' || replace(country_id::text, '-', ''),
    'sensitivity', sensitivity,
    'chathamHouse', chatham_house,
    'organizers', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'organizationId', 'org_' || replace(organization_id::text, '-', ''),
            'role', role
        ) ORDER BY position), '[]') FROM meeting_organizer WHERE meeting_id = meeting.id
    ),
    'sessions', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'bodyId', 'bod_' || replace(body_id::text, '-', ''),
            'ordinal', ordinal
        ) ORDER BY ordinal, id), '[]') FROM body_session WHERE meeting_id = meeting.id
    )
), audience, owner FROM meeting;
