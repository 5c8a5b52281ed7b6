-- Every row: who may see it (audience: 0 public, 1 participants, 2 confidential; owner: an organisation that always may).
-- Every record: version (optimistic lock, from 1) and its times.

CREATE TABLE country (
    id {uuid} PRIMARY KEY,
    iso2 {text} NOT NULL UNIQUE CHECK (length(iso2) = 2),
    name {json} NOT NULL,
    name_folded {text} NOT NULL,
    participating boolean NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL
);

CREATE TABLE source (
    id {uuid} PRIMARY KEY,
    title {text} NOT NULL,
    publisher {text},
    url {text} UNIQUE,
    published_on {date},
    language {text},
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL
);

CREATE TABLE organization (
    id {uuid} PRIMARY KEY,
    acronym {text} NOT NULL UNIQUE,
    name {json} NOT NULL,
    name_folded {text} NOT NULL,
    kind {text} NOT NULL,
    seat {text},
    website {text},
    organizer boolean NOT NULL,
    active boolean NOT NULL,
    parent_id {uuid} REFERENCES organization (id),
    country_id {uuid} REFERENCES country (id),
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK (parent_id <> id)
);
CREATE INDEX organization_parent ON organization (parent_id);
CREATE INDEX organization_country ON organization (country_id);

CREATE TABLE body (
    id {uuid} PRIMARY KEY,
    code {text} NOT NULL UNIQUE,
    kind {text} NOT NULL,
    name {json} NOT NULL,
    name_folded {text} NOT NULL,
    mandate_text {json},
    established_on {date},
    active boolean NOT NULL,
    reports_to_id {uuid} REFERENCES body (id),
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK (reports_to_id <> id)
);
CREATE UNIQUE INDEX body_one_active_of_kind ON body (kind) WHERE active AND kind IN ('PLENARY', 'EXECUTIVE_COMMITTEE');
CREATE INDEX body_reports_to ON body (reports_to_id);

CREATE TABLE mandate (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    body_id {uuid} NOT NULL REFERENCES body (id),
    country_id {uuid} REFERENCES country (id),
    role {text} NOT NULL,
    can_object boolean NOT NULL,
    valid_from {date} NOT NULL,
    valid_to {date},
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK (valid_to >= valid_from)
);
CREATE INDEX mandate_organization ON mandate (organization_id, body_id);
CREATE INDEX mandate_body ON mandate (body_id);
CREATE INDEX mandate_country ON mandate (country_id);

CREATE TABLE meeting (
    id {uuid} PRIMARY KEY,
    title {json} NOT NULL,
    title_folded {text} NOT NULL,
    kind {text} NOT NULL,
    modality {text} NOT NULL,
    status {text} NOT NULL,
    starts_on {date} NOT NULL,
    ends_on {date} NOT NULL,
    timezone {text} NOT NULL,
    city {text},
    venue {text},
    theme {json},
    participant_count integer CHECK (participant_count >= 0),
    count_qualifier {text},
    chatham_house boolean NOT NULL,
    sensitivity {text} NOT NULL,
    country_id {uuid} REFERENCES country (id),
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK (ends_on >= starts_on),
    CHECK (modality <> 'ONLINE' OR venue IS NULL),
    CHECK ((participant_count IS NULL) = (count_qualifier IS NULL))
);
CREATE INDEX meeting_starts_on ON meeting (starts_on, id);
CREATE INDEX meeting_country ON meeting (country_id);

CREATE TABLE body_session (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    body_id {uuid} NOT NULL REFERENCES body (id),
    ordinal integer NOT NULL CHECK (ordinal > 0),
    audience smallint NOT NULL,
    owner {uuid},
    UNIQUE (body_id, ordinal),
    UNIQUE (meeting_id, body_id)
);

CREATE TABLE meeting_organizer (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    role {text} NOT NULL,
    position integer NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    UNIQUE (meeting_id, organization_id)
);
CREATE INDEX meeting_organizer_organization ON meeting_organizer (organization_id);

CREATE TABLE alternative_title (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    source_id {uuid} NOT NULL REFERENCES source (id),
    title {json} NOT NULL,
    position integer NOT NULL,
    audience smallint NOT NULL,
    owner {uuid}
);
CREATE INDEX alternative_title_meeting ON alternative_title (meeting_id);

CREATE TABLE meeting_source (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    source_id {uuid} NOT NULL REFERENCES source (id),
    position integer NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    UNIQUE (meeting_id, source_id)
);
CREATE INDEX meeting_source_source ON meeting_source (source_id);

CREATE TABLE agenda_item (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    body_id {uuid} REFERENCES body (id),
    number {text} NOT NULL,
    position integer NOT NULL,
    title {json} NOT NULL,
    kind {text} NOT NULL,
    chatham_house boolean NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL
);
CREATE INDEX agenda_item_meeting ON agenda_item (meeting_id, position);

CREATE TABLE participation (
    id {uuid} PRIMARY KEY,
    meeting_id {uuid} NOT NULL REFERENCES meeting (id),
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    capacity {text} NOT NULL,
    attendance {text} NOT NULL,
    delegates integer CHECK (delegates > 0),
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    UNIQUE (meeting_id, organization_id, capacity)
);
CREATE INDEX participation_organization ON participation (organization_id);

CREATE TABLE theme (
    id {uuid} PRIMARY KEY,
    code {text} NOT NULL UNIQUE,
    name {json} NOT NULL,
    name_folded {text} NOT NULL,
    kind {text} NOT NULL,
    parent_id {uuid} REFERENCES theme (id),
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK (parent_id <> id)
);
CREATE INDEX theme_parent ON theme (parent_id);

CREATE TABLE instrument (
    id {uuid} PRIMARY KEY,
    symbol {text} NOT NULL UNIQUE,
    title {json} NOT NULL,
    title_folded {text} NOT NULL,
    adopted_on {date},
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL
);

CREATE TABLE recommendation (
    id {uuid} PRIMARY KEY,
    body_id {uuid} NOT NULL REFERENCES body (id),
    label {text} UNIQUE,
    label_year integer,
    label_serial integer,
    kind {text} NOT NULL,
    status {text} NOT NULL,
    title {json} NOT NULL,
    title_folded {text} NOT NULL,
    text {json} NOT NULL,
    rationale {json},
    priority {text},
    target_date {date},
    adopted_on {date},
    agreed_meeting_id {uuid} REFERENCES meeting (id),
    meeting_id {uuid} REFERENCES meeting (id),
    drafted_by_id {uuid} REFERENCES organization (id),
    supersedes_id {uuid} UNIQUE REFERENCES recommendation (id),
    is_demo boolean NOT NULL,
    no_personal_data boolean NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    UNIQUE (body_id, is_demo, label_year, label_serial),
    CHECK (supersedes_id <> id),
    CHECK ((label IS NOT NULL) = (status IN ('ADOPTED', 'TRANSMITTED', 'SUPERSEDED'))),
    CHECK ((label IS NULL) = (label_year IS NULL) AND (label IS NULL) = (label_serial IS NULL)),
    CHECK ((label IS NULL) = (adopted_on IS NULL)),
    CHECK (label IS NULL OR no_personal_data)
);
CREATE INDEX recommendation_audience ON recommendation (audience, id);
CREATE INDEX recommendation_owner ON recommendation (owner, id);
CREATE INDEX recommendation_body ON recommendation (body_id, id);
CREATE INDEX recommendation_meeting ON recommendation (meeting_id, id);
CREATE INDEX recommendation_agreed_meeting ON recommendation (agreed_meeting_id);
CREATE INDEX recommendation_drafted_by ON recommendation (drafted_by_id, id);
CREATE INDEX recommendation_updated ON recommendation (updated_at, id);
CREATE INDEX recommendation_adopted ON recommendation ((adopted_on IS NULL), adopted_on, id);
CREATE INDEX recommendation_label ON recommendation ((label IS NULL), label, id);

CREATE TABLE recommendation_revision (
    id {uuid} PRIMARY KEY,
    recommendation_id {uuid} NOT NULL REFERENCES recommendation (id),
    number integer NOT NULL CHECK (number > 0),
    title {json} NOT NULL,
    text {json} NOT NULL,
    rationale {json},
    change_note {text},
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    UNIQUE (recommendation_id, number)
);

CREATE TABLE recommendation_theme (
    id {uuid} PRIMARY KEY,
    recommendation_id {uuid} NOT NULL REFERENCES recommendation (id),
    theme_id {uuid} NOT NULL REFERENCES theme (id),
    position integer NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    UNIQUE (recommendation_id, theme_id)
);
CREATE INDEX recommendation_theme_theme ON recommendation_theme (theme_id, recommendation_id);

CREATE TABLE recommendation_instrument (
    id {uuid} PRIMARY KEY,
    recommendation_id {uuid} NOT NULL REFERENCES recommendation (id),
    instrument_id {uuid} NOT NULL REFERENCES instrument (id),
    position integer NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    UNIQUE (recommendation_id, instrument_id)
);
CREATE INDEX recommendation_instrument_instrument ON recommendation_instrument (instrument_id, recommendation_id);

CREATE TABLE addressee (
    id {uuid} PRIMARY KEY,
    recommendation_id {uuid} NOT NULL REFERENCES recommendation (id),
    category {text} NOT NULL,
    role {text} NOT NULL,
    country_id {uuid} REFERENCES country (id),
    organization_id {uuid} REFERENCES organization (id),
    position integer NOT NULL,
    audience smallint NOT NULL,
    owner {uuid}
);
CREATE INDEX addressee_recommendation ON addressee (recommendation_id, position);
CREATE INDEX addressee_organization ON addressee (organization_id, recommendation_id);
CREATE INDEX addressee_country ON addressee (country_id, recommendation_id);

CREATE TABLE repatriation_operation (
    id {uuid} PRIMARY KEY,
    country_id {uuid} NOT NULL REFERENCES country (id),
    code_name {text},
    name {json},
    date_from {date} NOT NULL,
    date_to {date} NOT NULL,
    date_precision {text} NOT NULL,
    origins {json} NOT NULL,
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK (date_to >= date_from)
);
CREATE INDEX repatriation_operation_country ON repatriation_operation (country_id, date_from);

CREATE TABLE operation_figure (
    id {uuid} PRIMARY KEY,
    operation_id {uuid} REFERENCES repatriation_operation (id),
    country_id {uuid} REFERENCES country (id),
    scope {text} NOT NULL,
    as_of {date} NOT NULL,
    total integer CHECK (total >= 0),
    women integer CHECK (women >= 0),
    men integer CHECK (men >= 0),
    children integer CHECK (children >= 0),
    qualifier {text} NOT NULL,
    confidence {text} NOT NULL,
    preferred boolean NOT NULL,
    source_id {uuid} NOT NULL REFERENCES source (id),
    audience smallint NOT NULL,
    owner {uuid},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version integer NOT NULL,
    CHECK (total IS NULL OR coalesce(women, 0) + coalesce(men, 0) + coalesce(children, 0) <= total),
    CHECK ((scope = 'OPERATION') = (operation_id IS NOT NULL)),
    CHECK ((scope = 'COUNTRY') = (country_id IS NOT NULL))
);
CREATE UNIQUE INDEX operation_figure_preferred_operation ON operation_figure (operation_id, as_of) WHERE preferred AND scope = 'OPERATION';
CREATE UNIQUE INDEX operation_figure_preferred_country ON operation_figure (country_id, as_of) WHERE preferred AND scope = 'COUNTRY';
CREATE UNIQUE INDEX operation_figure_preferred_region ON operation_figure (as_of) WHERE preferred AND scope = 'REGION';
CREATE INDEX operation_figure_source ON operation_figure (source_id);

-- The feed: what changed, in commit order. `epoch` names this database; a cursor of another one is refused.
CREATE TABLE change_head (
    id integer PRIMARY KEY CHECK (id = 1),
    seq bigint NOT NULL,
    epoch {uuid} NOT NULL
);

CREATE TABLE change (
    seq bigint PRIMARY KEY,
    at {time} NOT NULL,
    actor {text} NOT NULL,
    subject_kind {text} NOT NULL,
    subject_id {uuid} NOT NULL,
    kind {text} NOT NULL,
    version integer NOT NULL,
    reason {text},
    audience smallint NOT NULL,
    owner {uuid},
    audience_before smallint,
    owner_before {uuid}
);
CREATE INDEX change_subject ON change (subject_id, seq);

CREATE TABLE audit (
    id {uuid} PRIMARY KEY,
    at {time} NOT NULL,
    actor {text} NOT NULL,
    action {text} NOT NULL,
    subjects {json} NOT NULL
);
CREATE INDEX audit_at ON audit (at);
