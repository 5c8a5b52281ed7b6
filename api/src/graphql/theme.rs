//! Themes in the schema. Has names and shapes; no SQL and no rules.

use async_graphql::{Context, ID, Object, Result};
use entity::id::RecordId as _;
use entity::theme::ThemeKind;

use super::connection::connections;
use super::external_id::ExternalIds;
use super::object::{Stamp, found, object, to_one};
use super::payload::{mutations, payload};
use super::recommendation::Recommendation;
use super::scalar::texts;
use super::session::session;
use crate::service;
use crate::service::theme::{CreateThemeInput, MergeThemesInput, ThemeBy, ThemeFilter, ThemeOrder, UpdateThemeInput};

object!(Theme: theme, ThemeFilter, ThemeOrder);

texts! {
    ThemeTexts of theme {
        name, name_translations: "The name.";
    }
}

/// What recommendations are about: a subject, an affected group or a development goal.
#[Object]
impl Theme {
    /// The global id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The code, such as `SDG-16`. Unique.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What kind of theme it is.
    async fn kind(&self) -> ThemeKind {
        self.0.kind
    }

    /// The parent theme.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Result<Theme>> {
        to_one::<Theme>(session(ctx), self.0.parent_id).await
    }

    #[graphql(flatten)]
    fn texts(&self) -> ThemeTexts<'_> {
        ThemeTexts(&self.0)
    }

    #[graphql(flatten)]
    fn connections(&self) -> ThemeLists {
        ThemeLists(self.0.id.uuid())
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
    ThemeLists of Theme {
        /// The themes whose parent it is.
        children: Theme, "Which themes.", by service::theme::of_parent;
        /// The recommendations that are about it.
        recommendations: Recommendation, "Which recommendations.", by service::recommendation::of_theme;
    }
}

payload! {
    /// The answer to a mutation of a theme.
    ThemePayload {
        /// The theme after the write; after a conflict, as it is now.
        theme: Theme
    }
}

#[derive(Default)]
pub struct ThemeQuery;

#[Object]
impl ThemeQuery {
    /// A theme. Null if there is none.
    async fn theme(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one: by exactly one key.")] by: ThemeBy,
    ) -> Option<Result<Theme>> {
        found(service::theme::find(&session(ctx).app.databases.read, &session(ctx).viewer, &by).await)
    }
}

connections! {
    Themes {
        /// The themes that recommendations can be about.
        themes: Theme, "Which themes.";
    }
}

mutations! {
    ThemeMutation {
        /// Creates a theme. For the secretariat. `ALREADY_EXISTS` if another theme has the code.
        create_theme(CreateThemeInput, "The new theme.") -> ThemePayload = service::theme::create;
        /// Changes a theme. For the secretariat. `ALREADY_EXISTS` if another theme has the code; `INVALID` if it would be
        /// its own parent, directly or through others.
        update_theme(UpdateThemeInput, "The theme, its version, and what changes.") -> ThemePayload
            = service::theme::update, of id;
        /// Merges a theme into another one, which is returned. Whatever was about the theme is about the other one from now
        /// on, and the feed shows the theme as `REMOVED`, with the reason `MERGED` and the other one in `replacedBy`. For
        /// the secretariat. `INVALID` if they are the same, or if the other one is below it.
        merge_themes(MergeThemesInput, "The theme, its version, and the one that takes its place.") -> ThemePayload
            = service::theme::merge, of id;
    }
}
