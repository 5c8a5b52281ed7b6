//! Turns what the databases refuse into words that the author of the input can act on. The databases enforce these rules even between
//! concurrent writers, so that the use cases need not check first.

use sea_orm::{DbErr, SqlErr};

use crate::database;
use crate::domain::validation::{ValidationError, ValidationErrorCode};
use crate::domain::{council, document, external, meeting};
use crate::error::Error;

/// A unique key: its names in SQLite and in PostgreSQL, where it stands in an input, and the message.
const UNIQUE: [(&str, &str, &str, &str); 23] = [
    ("organization.acronym", "organization_acronym_key", "acronym", council::ACRONYM_TAKEN),
    ("body.code", "body_code_key", "code", "Another body has this code."),
    ("body.kind", "body_one_active_of_kind", "kind", "There is an active body of this kind already."),
    ("theme.code", "theme_code_key", "code", "Another theme has this code."),
    ("instrument.symbol", "instrument_symbol_key", "symbol", "Another instrument has this symbol."),
    ("instrument.symbol_folded", "instrument_symbol_folded_key", "symbol", "Another instrument has this symbol."),
    ("document.symbol_folded", "document_symbol_folded_key", "symbol", document::SYMBOL_TAKEN),
    ("country.iso2", "country_iso2_key", "iso2", "Another country has this code."),
    ("source.url", "source_url_key", "url", "Another source has this address."),
    (
        "external_id.record_kind, external_id.source_system, external_id.value",
        "external_id_record_kind_source_system_value_key",
        "externalId",
        external::TAKEN,
    ),
    (
        "body_session.body_id, body_session.ordinal",
        "body_session_body_id_ordinal_key",
        "sessions",
        meeting::ORDINAL_TAKEN,
    ),
    (
        "body_session.meeting_id, body_session.body_id",
        "body_session_meeting_id_body_id_key",
        "sessions",
        "A meeting carries one session of a body.",
    ),
    (
        "meeting_organizer.meeting_id, meeting_organizer.organization_id",
        "meeting_organizer_meeting_id_organization_id_key",
        "organizers",
        "An organisation organises a meeting once.",
    ),
    (
        "meeting_source.meeting_id, meeting_source.source_id",
        "meeting_source_meeting_id_source_id_key",
        "sourceIds",
        "A source stands with a meeting once.",
    ),
    (
        "agenda_item_recommendation.agenda_item_id, agenda_item_recommendation.recommendation_id",
        "agenda_item_recommendation_agenda_item_id_recommendation_id_key",
        "recommendationIds",
        "A recommendation stands with an agenda item once.",
    ),
    (
        "recommendation_theme.recommendation_id, recommendation_theme.theme_id",
        "recommendation_theme_recommendation_id_theme_id_key",
        "themeIds",
        "A theme stands with a recommendation once.",
    ),
    (
        "recommendation_instrument.recommendation_id, recommendation_instrument.instrument_id",
        "recommendation_instrument_recommendation_id_instrument_id_key",
        "instrumentIds",
        "An instrument stands with a recommendation once.",
    ),
    (
        "participation.meeting_id, participation.organization_id, participation.capacity",
        "participation_meeting_id_organization_id_capacity_key",
        "capacity",
        "The organisation takes part in this capacity already.",
    ),
    (
        "recommendation.label",
        "recommendation_label_key",
        "id",
        "The label was given by another writer at the same time. Repeat.",
    ),
    (
        "recommendation.body_id, recommendation.is_demo, recommendation.label_year, recommendation.label_serial",
        "recommendation_body_id_is_demo_label_year_label_serial_key",
        "id",
        "The label was given by another writer at the same time. Repeat.",
    ),
    (
        "position.procedure_id, position.organization_id",
        "position_one_of_organization",
        "organizationId",
        "The organisation has a position in this procedure; it may withdraw it.",
    ),
    (
        "consensus_procedure.recommendation_id",
        "consensus_procedure_one_pending",
        "id",
        "A consensus procedure on this text is pending already.",
    ),
    (
        "recommendation.supersedes_id",
        "recommendation_supersedes_id_key",
        "id",
        "The recommendation is superseded already.",
    ),
];

/// A guard of the migrations, the code of its validation error, where its rule stands in an input, and the message.
const GUARDS: [(&str, ValidationErrorCode, &str, &str); 6] = [
    (
        "guard: mandates overlap",
        ValidationErrorCode::AlreadyExists,
        "validFrom",
        "The organisation holds this role in this body for part of that time already.",
    ),
    (
        "guard: an adopted text is immutable",
        ValidationErrorCode::InvalidState,
        "id",
        "An adopted text is immutable. Supersede it by a new recommendation.",
    ),
    (
        "guard: an adopted recommendation is kept",
        ValidationErrorCode::InvalidState,
        "id",
        "An adopted recommendation is kept.",
    ),
    ("guard: a concluded meeting is kept", ValidationErrorCode::InvalidState, "id", "A concluded meeting is kept."),
    ("guard: a later state is kept", ValidationErrorCode::InvalidState, "id", "Nothing leads back from this state."),
    (
        "guard: such a meeting carries no session",
        ValidationErrorCode::Invalid,
        "sessions",
        "Briefings, side events and dialogues carry no body session.",
    ),
];

/// The error of a write that a database has refused.
pub fn refused_write(error: DbErr) -> Error {
    if let Some(SqlErr::UniqueConstraintViolation(message)) = error.sql_err()
        && let Some((_, _, path, text)) =
            UNIQUE.iter().find(|(sqlite, postgres, ..)| names(&message, sqlite) || message.contains(postgres))
    {
        return ValidationError::new(ValidationErrorCode::AlreadyExists, path, *text).into();
    }
    let message = error.to_string();
    if let Some((_, code, path, text)) = GUARDS.iter().find(|(guard, ..)| message.contains(guard)) {
        return ValidationError::new(*code, path, *text).into();
    }
    if database::is_write_conflict(&error) {
        return Error::WriteConflict(error.into());
    }
    error.into()
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if database::is_away(&error) { Self::Unavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

/// SQLite says `UNIQUE constraint failed: table.column, table.column`, or the name of an index on an expression.
fn names(message: &str, columns: &str) -> bool {
    message.split_once("UNIQUE constraint failed: ").is_some_and(|(_, named)| named.trim() == columns)
}
