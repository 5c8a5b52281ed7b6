//! The rules of documents: their language versions, and what they belong to. They do not judge who keeps them.

use chrono::{DateTime, Utc};
use entity::agenda_item;
use entity::document::{Version, VersionState, Versions};
use entity::id::MeetingId;
use entity::meeting::Sensitivity;
use entity::text::Locale;

use super::fields;
use super::validation::{Validated, ValidationError, combine, each, ensure, none};

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
    let is_same = |one: &&Version| one.locale == given.locale && one.url == url && one.sha256 == sha256;
    let changed_at = before.iter().find(is_same).map_or(now, |same| same.changed_at);
    Ok(Version { locale: given.locale, url, sha256, state: given.state, changed_at })
}

/// A digest in 64 hexadecimal digits, which may be capital ones.
fn sha256(path: &str, digest: &str) -> Validated<String> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure(is_digest, || ValidationError::invalid(path, "A SHA-256 has 64 hexadecimal digits."))?;
    Ok(digest.to_ascii_lowercase())
}

/// Whether a version is of an earlier original: that has changed since.
pub fn is_outdated(version: &Version, all: &[Version]) -> bool {
    let mut originals = all.iter().filter(|one| one.state == VersionState::Original);
    version.state != VersionState::Original && originals.any(|original| original.changed_at > version.changed_at)
}

/// A public document is declared to hold no personal data, and again when it has other files.
pub fn declared(sensitivity: Sensitivity, declared: bool, was_declared: bool, same_files: bool) -> Validated<bool> {
    let holds = declared || (was_declared && same_files);
    ensure(sensitivity != Sensitivity::Public || holds, || {
        let message = "A document is published only with the declaration that it holds no personal data.";
        ValidationError::required("noPersonalData", message)
    })?;
    Ok(holds)
}

/// An agenda item is one of the meeting's; a document that belongs to an item belongs to its meeting.
pub fn meeting_of(meeting: Option<MeetingId>, item: Option<&agenda_item::Model>) -> Validated<Option<MeetingId>> {
    let its = item.map(|item| item.meeting_id);
    ensure(meeting.is_none() || its.is_none() || meeting == its, || {
        ValidationError::invalid("agendaItemId", "The item is on the agenda of another meeting.")
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
    use super::{GivenVersion, declared, is_outdated, versions};
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
        for (sensitivity, now, before, same_files, expected) in [
            (Public, true, false, false, Some(true)),
            (Public, false, true, true, Some(true)),
            (Public, false, true, false, None),
            (Public, false, false, true, None),
            (Confidential, false, false, true, Some(false)),
            (Confidential, false, true, false, Some(false)),
        ] {
            assert_eq!(declared(sensitivity, now, before, same_files).ok(), expected, "{sensitivity:?}");
        }
    }
}
