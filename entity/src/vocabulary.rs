//! How an enum of the vocabulary is declared: stored as its upper-case name, with the same name in GraphQL.

/// An enum of the vocabulary. Expands to
/// the enum, as it stands, with
/// what SeaORM, async-graphql and serde derive for it,
/// each of which calls `UnderDiscussion` `UNDER_DISCUSSION`.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident,)* }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            sea_orm::EnumIter, sea_orm::DeriveActiveEnum, async_graphql::Enum, serde::Serialize, serde::Deserialize,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }
    };
}
