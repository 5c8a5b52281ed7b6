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

/// The beginnings of the words of scopes. (`organization` and `organizations` are scopes of identity providers.)
const STEMS: [&str; 6] = ["read", "sync", "write", "meeting", "recommendation", "council"];

/// What the words of a claim let a holder do; `None` if none of them may be meant for this service, such as an identity provider's `openid`:
/// the role alone counts. A claim that is empty, or has such words in another spelling only, allows nothing.
pub fn allowed(words: &[&str]) -> Option<Vec<Scope>> {
    if !words.is_empty() && !words.iter().any(|word| may_be_meant(word)) {
        return None;
    }
    Some(Scope::iter().filter(|scope| words.contains(&word(*scope))).collect())
}

/// What several claims of a token let its holder do: what each of them allows. `None` if none of them narrows.
pub fn allowed_by_all(claims: &[Vec<&str>]) -> Option<Vec<Scope>> {
    let narrowing: Vec<Vec<Scope>> = claims.iter().filter_map(|words| allowed(words)).collect();
    let by_all = |scope: &Scope| narrowing.iter().all(|all| all.contains(scope));
    (!narrowing.is_empty()).then(|| Scope::iter().filter(by_all).collect())
}

/// Whether a part of a word begins like one of ours: `rec:read`, `read,sync`, `WRITE_COUNCIL`. A letter of another script may only look so.
fn may_be_meant(word: &str) -> bool {
    if !word.is_ascii() {
        return true;
    }
    let parts = word.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    parts.into_iter().any(|part| STEMS.iter().any(|stem| part.starts_with(stem)))
}

#[cfg(test)]
mod tests {
    use super::{allowed, allowed_by_all, word};
    use entity::client::Scope;
    use sea_orm::Iterable as _;

    #[test]
    fn a_scope_has_a_word_that_is_read_back() {
        let words: Vec<&str> = Scope::iter().map(word).collect();
        assert_eq!(allowed(&words), Some(Scope::iter().collect()));
        assert_eq!(allowed(&["openid", "write:meetings"]), Some(vec![Scope::WriteMeetings]));
    }

    #[test]
    fn a_second_claim_widens_nothing() {
        assert_eq!(allowed_by_all(&[]), None);
        assert_eq!(allowed_by_all(&[vec!["openid"]]), None);
        assert_eq!(allowed_by_all(&[vec!["openid"], vec!["read"]]), Some(vec![Scope::Read]));
        for claims in [[vec![], vec!["openid"]], [vec!["openid"], vec![]], [vec!["read"], vec!["write:council"]]] {
            assert_eq!(allowed_by_all(&claims), Some(Vec::new()), "{claims:?}");
        }
    }

    #[test]
    fn what_is_not_quite_ours_allows_nothing() {
        assert_eq!(allowed(&["openid", "profile", "organization", "organizations"]), None);
        let near = [
            "read,write:council",
            "write:council;read",
            "api://rec/read",
            "rec:read",
            "READ:ALL",
            "write:councils",
            "reads",
            "r\u{435}ad",
            "meetings",
            "Council",
        ];
        for word in near {
            assert_eq!(allowed(&["openid", word]), Some(Vec::new()), "{word}");
        }
        for words in [&[][..], &["Read"], &["WRITE_MEETINGS", "openid"], &["write:Meetings"]] {
            assert_eq!(allowed(words), Some(Vec::new()), "{words:?}");
        }
    }
}
