//! Instruments in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::date::Date;
use entity::id::RecordId as _;

use super::connection::connections;
use super::external_id::ExternalIds;
use super::object::{Stamp, found, object};
use super::payload::{mutations, payload};
use super::recommendation::Recommendation;
use super::scalar::texts;
use super::session::session;
use crate::service;
use crate::service::instrument::{
    CreateInstrumentInput, InstrumentBy, InstrumentFilter, InstrumentOrder, UpdateInstrumentInput,
};

object!(Instrument: instrument, InstrumentFilter, InstrumentOrder);

texts! {
    InstrumentTexts of instrument {
        title, title_translations: "The title.";
    }
}

/// A legal instrument or resolution that recommendations refer to.
#[Object]
impl Instrument {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The symbol, such as `S/RES/2396`. Unique.
    async fn symbol(&self) -> &str {
        &self.0.symbol
    }

    /// The date of adoption.
    async fn adopted_on(&self) -> Option<Date> {
        self.0.adopted_on.map(Date)
    }

    #[graphql(flatten)]
    fn texts(&self) -> InstrumentTexts<'_> {
        InstrumentTexts(&self.0)
    }

    #[graphql(flatten)]
    fn connections(&self) -> InstrumentLists {
        InstrumentLists(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn external(&self) -> ExternalIds {
        ExternalIds(self.0.id.uuid())
    }

    #[graphql(flatten)]
    fn stamp(&self) -> Stamp {
        Stamp::new(self.0.created_at, self.0.updated_at, self.0.version)
    }
}

connections! {
    InstrumentLists of Instrument {
        /// The recommendations that refer to it.
        recommendations: Recommendation, "Which recommendations.", by service::recommendation::of_instrument;
    }
}

payload! {
    /// The answer to a mutation of an instrument.
    InstrumentPayload {
        /// The instrument after the write; after a conflict, as it is now.
        instrument: Instrument
    }
}

#[derive(Default)]
pub struct InstrumentQuery;

#[Object]
impl InstrumentQuery {
    /// An instrument. Null if there is none.
    async fn instrument(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: InstrumentBy,
    ) -> Option<Result<Instrument>> {
        found(service::instrument::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Instruments {
        /// The instruments that recommendations can refer to.
        instruments: Instrument, "Which instruments.";
    }
}

mutations! {
    InstrumentMutation {
        /// Creates an instrument. For the secretariat. `ALREADY_EXISTS` if another instrument has the symbol.
        create_instrument(CreateInstrumentInput, "The new instrument.") -> InstrumentPayload
            = service::instrument::create;
        /// Changes an instrument. For the secretariat. `ALREADY_EXISTS` if another instrument has the symbol.
        update_instrument(UpdateInstrumentInput, "The instrument, its version, and what changes.") -> InstrumentPayload
            = service::instrument::update, of id;
    }
}
