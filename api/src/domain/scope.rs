//! What a client's scopes let it do. A viewer without any scopes, such as the holder of a token from the command line, is limited by its
//! role alone. It does not know which scope a mutation needs: `action` does.

use entity::client::Scope;
use sea_orm::Iterable as _;

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

/// What the words of a claim let a holder do; `None` if none of them is meant for this service, such as an identity provider's `openid`: the
/// role alone counts. A claim that is empty, or has words of ours in another spelling only, allows nothing.
pub fn allowed(words: &[&str]) -> Option<Vec<Scope>> {
    let is_meant = |scope: Scope| words.iter().any(|one| letters(one).eq(letters(word(scope))));
    if !words.is_empty() && !Scope::iter().any(is_meant) {
        return None;
    }
    Some(Scope::iter().filter(|scope| words.contains(&word(*scope))).collect())
}

fn letters(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{allowed, word};
    use entity::client::Scope;
    use sea_orm::Iterable as _;

    #[test]
    fn a_scope_has_a_word_that_is_read_back() {
        let words: Vec<&str> = Scope::iter().map(word).collect();
        assert_eq!(allowed(&words), Some(Scope::iter().collect()));
        assert_eq!(allowed(&["openid", "write:meetings"]), Some(vec![Scope::WriteMeetings]));
    }

    #[test]
    fn what_is_not_quite_ours_allows_nothing() {
        assert_eq!(allowed(&["openid", "profile"]), None);
        for words in [&[][..], &["Read"], &["WRITE_MEETINGS", "openid"], &["write:Meetings"]] {
            assert_eq!(allowed(words), Some(Vec::new()), "{words:?}");
        }
    }
}
