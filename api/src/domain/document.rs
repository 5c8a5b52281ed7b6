//! The rules of documents: their language versions, and what they belong to. They do not judge who keeps them.

use chrono::{DateTime, NaiveDate, Utc};
use entity::agenda_item;
use entity::document::{Version, VersionState, Versions};
use entity::id::MeetingId;
use entity::meeting::Sensitivity;
use entity::text::Locale;

use super::fields;
use super::validation::{Validated, ValidationError, ValidationErrorCode, combine, each, ensure, none};

pub const SYMBOL_TAKEN: &str = "Another document has this symbol.";

/// A language version that an input gives.
#[derive(Clone, Copy, Debug)]
pub struct GivenVersion<'a> {
    pub locale: Locale,
    pub url: &'a str,
    pub sha256: Option<&'a str>,
    pub state: VersionState,
}

/// The versions that an input gives: at least one, one for each language, and one original at most. A file that stays keeps the time of its last
/// change. `before` are the versions that the document has.
pub fn versions(given: &[GivenVersion<'_>], before: &[Version], now: DateTime<Utc>) -> Validated<Versions> {
    fields::short("versions", given)?;
    let read = each(given.iter().enumerate().map(|(index, one)| version(index, one, before, now)));
    let place = |index: usize, field: &str| format!("versions.{index}.{field}");
    let again = |index: usize| given[..index].iter().any(|other| other.locale == given[index].locale);
    let originals = given.iter().enumerate().filter(|(_, one)| one.state == VersionState::Original);
    let twice = (0..given.len())
        .filter(|index| again(*index))
        .map(|index| ValidationError::invalid(&place(index, "locale"), "A document has one version in a language."));
    let several = originals
        .skip(1)
        .map(|(index, _)| ValidationError::invalid(&place(index, "state"), "A document has one original at most."));
    combine!(
        () = ensure(!given.is_empty(), || ValidationError::required("versions", "A document has a version at least.")),
        () = none(twice.chain(several).collect()),
        read = read,
    );
    Ok(Versions(read))
}

fn version(index: usize, given: &GivenVersion<'_>, before: &[Version], now: DateTime<Utc>) -> Validated<Version> {
    let place = |field: &str| format!("versions.{index}.{field}");
    combine!(
        url = fields::url(&place("url"), given.url),
        sha256 = given.sha256.map(|digest| sha256(&place("sha256"), digest)).transpose(),
    );
    let same = before.iter().find(|one| one.locale == given.locale && is_same_file(one, &url, sha256.as_deref()));
    let changed_at = same.map_or(now, |same| same.changed_at);
    Ok(Version { locale: given.locale, url, sha256, state: given.state, changed_at })
}

/// Whether a version is of the same file: their digests tell, or else, if one has none, their addresses.
fn is_same_file(version: &Version, url: &str, sha256: Option<&str>) -> bool {
    match (version.sha256.as_deref(), sha256) {
        (Some(before), Some(now)) => before == now,
        _ => version.url == url,
    }
}

/// Whether a document has the files that it had, in whatever state.
pub fn has_same_files(versions: &[Version], before: &[Version]) -> bool {
    let is_there = |one: &Version| {
        let mut others = before.iter().filter(|other| other.locale == one.locale);
        others.any(|other| is_same_file(other, &one.url, one.sha256.as_deref()))
    };
    versions.iter().all(is_there)
}

/// A symbol is the name of one document. (The database refuses a second one too; in a bulk write, each row is told of its own.)
pub fn symbol_is_free(free: bool) -> Validated<()> {
    ensure(free, || ValidationError::new(ValidationErrorCode::AlreadyExists, "symbol", SYMBOL_TAKEN))
}

/// The day on which a document was issued is not to come.
pub fn issued_on(day: NaiveDate, today: NaiveDate) -> Validated<NaiveDate> {
    let day = fields::day("issuedOn", day)?;
    ensure(day <= today, || ValidationError::invalid("issuedOn", "That day is to come."))?;
    Ok(day)
}

/// A digest in 64 hexadecimal digits, which may be capital ones.
fn sha256(path: &str, digest: &str) -> Validated<String> {
    let digest = digest.trim();
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure(is_digest, || ValidationError::invalid(path, "A SHA-256 has 64 hexadecimal digits."))?;
    Ok(digest.to_ascii_lowercase())
}

/// Whether a version is of an earlier original: that has changed since.
pub fn is_outdated(version: &Version, all: &[Version]) -> bool {
    let mut originals = all.iter().filter(|one| one.state == VersionState::Original);
    version.state != VersionState::Original && originals.any(|original| original.changed_at > version.changed_at)
}

/// A document as it was: who could read it, and whether it was declared to hold no personal data.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    pub sensitivity: Sensitivity,
    pub declared: bool,
    pub same_files: bool,
}

/// A public document is declared to hold no personal data, and again when it becomes public or has other files. Whether it is declared.
pub fn declared(sensitivity: Sensitivity, declared: bool, before: Option<Before>) -> Validated<bool> {
    let stays = |before: &Before| before.declared && before.same_files;
    let stays_public = before.filter(stays).is_some_and(|before| before.sensitivity == Sensitivity::Public);
    ensure(sensitivity != Sensitivity::Public || declared || stays_public, || {
        let message =
            "A document is published, also with other files, only with the declaration that it holds no personal data.";
        ValidationError::required("noPersonalData", message)
    })?;
    Ok(declared || before.is_some_and(|before| stays(&before)))
}

/// An agenda item is one of the meeting's; a document that belongs to an item belongs to its meeting. `path` is what an input names of the two.
pub fn meeting_of(
    path: &str,
    meeting: Option<MeetingId>,
    item: Option<&agenda_item::Model>,
) -> Validated<Option<MeetingId>> {
    let its = item.map(|item| item.meeting_id);
    ensure(meeting.is_none() || its.is_none() || meeting == its, || {
        ValidationError::invalid(path, "The item is on the agenda of another meeting.")
    })?;
    Ok(meeting.or(its))
}

/// An agenda item to which documents belong is not removed.
pub fn leaves_no_documents(documents: i64) -> Validated<()> {
    ensure(documents == 0, || {
        ValidationError::state("id", "Documents belong to the item. Let them belong to something else first.")
    })
}

#[cfg(test)]
mod tests {
    use super::{Before, GivenVersion, declared, has_same_files, is_outdated, versions};
    use chrono::{DateTime, TimeDelta, Utc};
    use entity::document::VersionState::{self, Machine, Original, Unofficial};
    use entity::meeting::Sensitivity;
    use entity::text::Locale::{self, En, Ru, Tg};

    fn given(locale: Locale, url: &'static str, state: VersionState) -> GivenVersion<'static> {
        GivenVersion { locale, url, sha256: None, state }
    }

    #[test]
    fn a_translation_is_outdated_once_the_original_has_changed() {
        let now = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
        let later = now + TimeDelta::hours(1);
        let (en, ru) = (given(En, "https://a.org/en", Original), given(Ru, "https://a.org/ru", Unofficial));
        let first = versions(&[en, ru], &[], now).unwrap().0;
        assert!(first.iter().all(|one| !is_outdated(one, &first)));
        let changed = [given(En, "https://a.org/en2", Original), ru];
        let second = versions(&changed, &first, later).unwrap().0;
        assert_eq!(second.iter().map(|one| is_outdated(one, &second)).collect::<Vec<_>>(), [false, true]);
        let third = versions(&[changed[0], given(Ru, "https://a.org/ru2", Machine)], &second, later).unwrap().0;
        assert!(third.iter().all(|one| !is_outdated(one, &third)));
    }

    #[test]
    fn a_file_that_moves_or_gets_its_digest_is_the_same() {
        let now = DateTime::<Utc>::from_timestamp(1_800_000_000, 0).unwrap();
        let (one, other) = ("a".repeat(64), "b".repeat(64));
        let at = |url, sha256| GivenVersion { locale: En, url, sha256, state: Original };
        let (moved, digest) = ("https://a.org/moved", Some(one.as_str()));
        let ru = given(Ru, "https://a.org/ru", Unofficial);
        for (before, after, is_same) in [
            (at("https://a.org", digest), at(moved, digest), true),
            (at("https://a.org", None), at("https://a.org", digest), true),
            (at("https://a.org", digest), at("https://a.org", None), true),
            (at("https://a.org", digest), at("https://a.org", Some(other.as_str())), false),
            (at("https://a.org", None), at(moved, digest), false),
        ] {
            let first = versions(&[before, ru], &[], now).unwrap().0;
            let second = versions(&[after, ru], &first, now + TimeDelta::hours(1)).unwrap().0;
            assert_eq!(!is_outdated(&second[1], &second), is_same);
            assert_eq!(has_same_files(&second, &first), is_same);
        }
    }

    #[test]
    fn versions_are_refused_for_all_that_is_wrong() {
        let wrong = GivenVersion { sha256: Some("e3b0"), ..given(Ru, "no address", Original) };
        let given = [given(En, "https://a.org", Original), wrong, given(Ru, "https://a.org", Machine)];
        let refused = versions(&given, &[], DateTime::UNIX_EPOCH).unwrap_err();
        let mut paths: Vec<String> = refused.iter().map(|one| one.path.join(".")).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["versions.1.sha256", "versions.1.state", "versions.1.url", "versions.2.locale"]);
        assert_eq!(versions(&[], &[], DateTime::UNIX_EPOCH).unwrap_err()[0].path, ["versions"]);
        let digest = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        let right = GivenVersion { sha256: Some(digest), ..super::tests::given(Tg, "https://a.org", Original) };
        let read = versions(&[right], &[], DateTime::UNIX_EPOCH).unwrap().0;
        assert_eq!(read[0].sha256.as_deref(), Some(digest.to_ascii_lowercase().as_str()));
    }

    #[test]
    fn what_is_published_is_declared_again_with_other_files() {
        use Sensitivity::{Confidential, Public};
        let before = |sensitivity, declared, same_files| Some(Before { sensitivity, declared, same_files });
        for (sensitivity, now, before, expected) in [
            (Public, true, None, Some(true)),
            (Public, false, None, None),
            (Public, false, before(Public, true, true), Some(true)),
            (Public, false, before(Public, true, false), None),
            (Public, false, before(Confidential, true, true), None),
            (Public, true, before(Confidential, false, false), Some(true)),
            (Confidential, false, before(Public, true, true), Some(true)),
            (Confidential, false, before(Public, true, false), Some(false)),
            (Confidential, false, None, Some(false)),
        ] {
            assert_eq!(declared(sensitivity, now, before).ok(), expected, "{sensitivity:?} {before:?}");
        }
    }
}
