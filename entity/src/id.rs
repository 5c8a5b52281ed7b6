//! One line per kind of id: a newtype over `UUIDv7` that prints with its prefix, such as `mtg_0197…`.

use std::fmt;
use std::str::FromStr;

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// An id of one kind. It prints as its prefix, `_`, and 32 lower-case hexadecimal digits.
pub trait RecordId:
    Copy
    + Eq
    + Ord
    + std::hash::Hash
    + fmt::Debug
    + fmt::Display
    + FromStr<Err = NotAnId>
    + Into<sea_orm::Value>
    + sea_orm::TryGetable
    + Send
    + Sync
    + 'static
{
    /// What the printed form starts with, without the underscore.
    const PREFIX: &'static str;
    fn new(uuid: Uuid) -> Self;
    fn uuid(self) -> Uuid;
}

/// The error if a text is not an id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId {
    /// What an id of the kind starts with, without the underscore.
    pub prefix: &'static str,
}

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "An id of this type is {}_ and 32 digits, 0 to 9 and a to f.", self.prefix)
    }
}

impl std::error::Error for NotAnId {}

/// Whether a text is an id of some kind, of a record or of something that is not published.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let is_prefix = |prefix: &str| prefix.len() == 3 && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    text.split_once('_').is_some_and(|(prefix, digits)| is_prefix(prefix) && is_canonical(digits))
}

/// 32 lower-case hexadecimal digits, so that one record has one id.
fn is_canonical(digits: &str) -> bool {
    digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The UUID behind `prefix_…`, in the canonical form only.
fn parse(prefix: &'static str, text: &str) -> Result<Uuid, NotAnId> {
    let no_id = NotAnId { prefix };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(no_id)?;
    if !is_canonical(digits) {
        return Err(no_id);
    }
    Uuid::try_parse(digits).map_err(|_| no_id)
}

/// From the names of ids and their prefixes. `BodyId = "bod";` expands to
/// `struct BodyId(Uuid)`, a value of a column;
/// `impl RecordId`, `Display` and `FromStr`, for `bod_…` in the API;
/// `impl Serialize` and `Deserialize`, the same in a JSON column; and
/// `impl TryFromU64`, which SeaORM asks for.
macro_rules! ids {
    ($($name:ident = $prefix:literal;)*) => {$(
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, DeriveValueType)]
        pub struct $name(pub Uuid);

        impl RecordId for $name {
            const PREFIX: &'static str = $prefix;
            fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        /// `SeaORM` asks this of every primary key; a UUID is never a row number.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )*};
}

ids! {
    AddresseeId = "adr";
    AgendaItemId = "agi";
    AgendaItemRecommendationId = "agr";
    AlternativeTitleId = "alt";
    AuditId = "aud";
    BodyId = "bod";
    BodySessionId = "ses";
    ClientId = "cli";
    ClientTokenId = "tok";
    ConsensusProcedureId = "prc";
    CountryId = "cty";
    DocumentId = "doc";
    ExternalIdId = "xid";
    InstrumentId = "ins";
    MandateId = "mdt";
    MeetingId = "mtg";
    MeetingOrganizerId = "mor";
    MeetingSourceId = "mso";
    OperationFigureId = "fig";
    OrganizationId = "org";
    ParagraphId = "pgr";
    ParticipationId = "par";
    PositionId = "pos";
    RecommendationId = "rec";
    RecommendationInstrumentId = "rin";
    RecommendationThemeId = "rth";
    RecordStateId = "sta";
    RepatriationOperationId = "rop";
    RevisionId = "rev";
    SourceId = "src";
    SourceSystemId = "sys";
    ThemeId = "thm";
    WebhookDeliveryId = "dlv";
    WebhookId = "whk";
}

#[cfg(test)]
mod tests {
    use super::{BodyId, MeetingId, NotAnId, RecordId, is_id};
    use uuid::Uuid;

    #[test]
    fn an_id_survives_printing_and_parsing() {
        let id = MeetingId::new(Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string(), "mtg_01970000000070008000000000000001");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn another_kind_and_another_spelling_are_refused() {
        let text = "mtg_01970000000070008000000000000001";
        assert_eq!(text.parse::<BodyId>(), Err(NotAnId { prefix: "bod" }));
        assert!(is_id(text) && is_id("rop_01970000000070008000000000000001"));
        for wrong in [
            "",
            "mtg",
            "mtg_",
            "mtg_0197",
            "mtg_0197000000007000800000000000000A",
            "mtg_01970000-0000-7000-8000-000000000001",
        ] {
            assert_eq!(wrong.parse::<MeetingId>(), Err(NotAnId { prefix: "mtg" }), "{wrong}");
            assert!(!is_id(wrong), "{wrong}");
        }
    }
}
