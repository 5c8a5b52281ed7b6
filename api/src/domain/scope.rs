//! What a client's scopes let it do. A viewer without any scopes, such as the holder of a token from the command line, is limited by its
//! role alone. It does not know which scope a mutation needs: `action` does.

use entity::client::Scope;

/// The word of a scope in a token.
pub fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Sync => "sync",
        Scope::WriteMeetings => "write:meetings",
        Scope::WriteRecommendations => "write:recommendations",
        Scope::WriteOrganizations => "write:organizations",
        Scope::WriteCouncil => "write:council",
    }
}

/// The scopes that a token names. Words that are not ours are ignored.
pub fn named(words: &str) -> Vec<Scope> {
    use sea_orm::Iterable as _;
    let words: Vec<&str> = words.split_whitespace().collect();
    Scope::iter().filter(|scope| words.contains(&word(*scope))).collect()
}

#[cfg(test)]
mod tests {
    use super::{named, word};
    use entity::client::Scope;
    use sea_orm::Iterable as _;

    #[test]
    fn a_scope_has_a_word_that_is_read_back() {
        let words: Vec<&str> = Scope::iter().map(word).collect();
        assert_eq!(named(&words.join(" ")), Scope::iter().collect::<Vec<_>>());
        assert_eq!(named("openid write:meetings"), [Scope::WriteMeetings]);
    }
}
