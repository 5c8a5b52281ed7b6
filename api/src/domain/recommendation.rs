//! The rules of a recommendation besides its state. They do not judge who may change it.

use chrono::NaiveDate;
use entity::Audience;
use entity::addressee::AddresseeCategory;
use entity::recommendation::{self, RecommendationStatus};
use entity::text::{Locale, LocalizedText};

use super::fields;
use super::validation::{Validated, ValidationError, all, ensure};

/// An adopted text has at least one addressee, and exists in both working languages.
pub fn adoptable(row: &recommendation::Model, addressees: usize) -> Validated<()> {
    let in_both = |text: &LocalizedText| text.has(Locale::En) && text.has(Locale::Ru);
    all([
        ensure(addressees > 0, || {
            ValidationError::state("addressees", "An adopted recommendation has at least one addressee.")
        }),
        ensure(in_both(&row.title) && in_both(&row.text), || {
            ValidationError::state(
                "text",
                "An adopted recommendation has its title and text in English and in Russian.",
            )
        }),
    ])
}

/// A target date is not before the day on which it is set.
pub fn target_date(target: Option<NaiveDate>, today: NaiveDate) -> Validated<()> {
    fields::optional_day("targetDate", target)?;
    ensure(target.is_none_or(|target| target >= today), || {
        ValidationError::invalid("targetDate", "The target date has passed.")
    })
}

/// A target date that stays may have passed; a new one is today or later.
pub fn new_target_date(day: NaiveDate, before: Option<NaiveDate>, today: NaiveDate) -> Validated<NaiveDate> {
    if before != Some(day) {
        target_date(Some(day), today)?;
    }
    Ok(day)
}

/// New texts are drafted in active bodies.
pub fn drafts(body_active: bool) -> Validated<()> {
    ensure(body_active, || ValidationError::state("bodyId", "The body is not active."))
}

/// A text stays with the body that drafted it.
pub fn stays_with_its_body(same: bool) -> Validated<()> {
    ensure(same, || ValidationError::invalid("bodyId", "A text stays with the body that has drafted it."))
}

/// After a failed consensus only a new revision of the text opens the discussion again.
pub fn reopens(status: RecommendationStatus, new_text: bool) -> Validated<()> {
    ensure(status != RecommendationStatus::NoConsensus || new_text, || {
        ValidationError::state("text", "After a failed consensus only a changed text opens the discussion again.")
    })
}

/// A change note needs a changed text.
pub fn notes_a_change(noted: bool, new_text: bool) -> Validated<()> {
    ensure(!noted || new_text, || {
        ValidationError::invalid(
            "changeNote",
            "Neither title nor text nor rationale has changed: there is no revision to note.",
        )
    })
}

/// A text that is published is declared to hold no personal data on returnees.
pub fn declared(no_personal_data: bool) -> Validated<()> {
    ensure(no_personal_data, || {
        ValidationError::required(
            "noPersonalData",
            "A text is published only with the declaration that it holds no personal data.",
        )
    })
}

/// A text is adopted after its body has agreed on it, or on the same day.
pub fn adopted_after(agreed_from: Option<NaiveDate>, adopted_on: NaiveDate) -> Validated<()> {
    ensure(agreed_from.is_none_or(|agreed_from| adopted_on >= agreed_from), || {
        ValidationError::invalid("adoptedOn", "The body agreed after that day.")
    })
}

/// A text is put before a meeting that was not over when its body agreed.
pub fn lies_before(agreed_from: Option<NaiveDate>, meeting_ends_on: NaiveDate) -> Validated<()> {
    ensure(agreed_from.is_none_or(|agreed_from| meeting_ends_on >= agreed_from), || {
        ValidationError::state("meetingId", "The body agreed after this meeting.")
    })
}

/// A real text is neither agreed nor adopted at a demonstration meeting.
pub fn really_held(text_is_demo: bool, meeting_is_demo: bool) -> Validated<()> {
    ensure(text_is_demo || !meeting_is_demo, || {
        ValidationError::invalid("meetingId", "The meeting is a demonstration, and the recommendation is real.")
    })
}

/// The day of adoption: one of the meeting's days that is not in the future. Unless given, the last of these.
pub fn adoption_day(
    given: Option<NaiveDate>,
    (first, last): (NaiveDate, NaiveDate),
    today: NaiveDate,
) -> Validated<NaiveDate> {
    let day = given.unwrap_or(last.min(today));
    ensure((first..=last.min(today)).contains(&day), || {
        ValidationError::invalid(
            "adoptedOn",
            "The day of adoption is one of the meeting's days, and not in the future.",
        )
    })?;
    Ok(day)
}

/// The day of an adoption of the past: before the draft by which it is put on record.
pub fn past_day(day: NaiveDate, drafted_on: NaiveDate) -> Validated<NaiveDate> {
    let day = fields::day("adoptedOn", day)?;
    ensure(day < drafted_on, || {
        ValidationError::invalid(
            "adoptedOn",
            "An adoption of the past comes before the day on which it was drafted here.",
        )
    })?;
    Ok(day)
}

/// The target date that a text was adopted with may have passed, but not before its adoption.
pub fn past_target_date(target: Option<NaiveDate>, adopted_on: NaiveDate) -> Validated<Option<NaiveDate>> {
    let target = fields::optional_day("targetDate", target)?;
    ensure(target.is_none_or(|target| target >= adopted_on), || {
        ValidationError::invalid("targetDate", "The target date lies before the adoption.")
    })?;
    Ok(target)
}

/// What is published says by what everyone may read that it was adopted.
pub fn is_published(source: Audience) -> Validated<()> {
    ensure(source == Audience::Public, || ValidationError::state("sourceId", "The source is not public."))
}

/// A recommendation is superseded by another one that is adopted and supersedes nothing yet.
pub fn supersedes(path: &str, earlier: &recommendation::Model, later: &recommendation::Model) -> Validated<()> {
    use RecommendationStatus::{Adopted, Transmitted};
    ensure(earlier.id != later.id, || ValidationError::invalid(path, "A recommendation does not supersede itself."))?;
    ensure(matches!(later.status, Adopted | Transmitted), || {
        ValidationError::state(path, "Only an adopted or transmitted recommendation supersedes another one.")
    })?;
    ensure(later.supersedes_id.is_none(), || {
        ValidationError::state(path, "It supersedes another recommendation already.")
    })?;
    same_reality(path, earlier.is_demo, later.is_demo)
}

/// Who is addressed must fit the category: a government names its country, "all stakeholders" names nobody.
pub fn addressee(path: &str, category: AddresseeCategory, country: bool, organization: bool) -> Validated<()> {
    let fits = match category {
        AddresseeCategory::Government => country,
        AddresseeCategory::InternationalOrganization => organization && !country,
        AddresseeCategory::CivilSociety => true,
        AddresseeCategory::AllStakeholders => !country && !organization,
    };
    ensure(fits, || {
        ValidationError::invalid(
            path,
            "A government is named by its country, an international organisation by itself, and all stakeholders by neither.",
        )
    })
}

/// Demonstrations and real records do not refer to each other.
pub fn same_reality(path: &str, one_is_demo: bool, other_is_demo: bool) -> Validated<()> {
    ensure(one_is_demo == other_is_demo, || {
        ValidationError::invalid(path, "A demonstration recommendation and a real one do not refer to each other.")
    })
}

#[cfg(test)]
mod tests {
    use super::{addressee, adoption_day, declared, reopens, target_date};
    use chrono::NaiveDate;
    use entity::addressee::AddresseeCategory;
    use entity::recommendation::RecommendationStatus;

    #[test]
    fn addressees_fit_their_category() {
        use AddresseeCategory::{AllStakeholders, Government, InternationalOrganization};
        assert!(addressee("a", Government, true, false).is_ok());
        assert!(addressee("a", Government, true, true).is_ok());
        assert!(addressee("a", Government, false, true).is_err());
        assert!(addressee("a", InternationalOrganization, false, true).is_ok());
        assert!(addressee("a", InternationalOrganization, false, false).is_err());
        assert!(addressee("a", AllStakeholders, false, false).is_ok());
        assert!(addressee("a", AllStakeholders, true, false).is_err());
    }

    #[test]
    fn a_day_of_adoption_is_one_of_the_meeting_that_has_come() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
        assert_eq!(adoption_day(None, (day(1), day(3)), day(9)), Ok(day(3)));
        assert_eq!(adoption_day(None, (day(1), day(3)), day(2)), Ok(day(2)));
        assert_eq!(adoption_day(Some(day(1)), (day(1), day(3)), day(9)), Ok(day(1)));
        assert!(adoption_day(Some(day(4)), (day(1), day(3)), day(9)).is_err());
        assert!(adoption_day(Some(day(3)), (day(1), day(3)), day(2)).is_err());
    }

    #[test]
    fn a_failed_consensus_needs_a_new_text_and_a_publication_its_declaration() {
        assert!(reopens(RecommendationStatus::NoConsensus, false).is_err());
        assert!(reopens(RecommendationStatus::NoConsensus, true).is_ok());
        assert!(reopens(RecommendationStatus::Draft, false).is_ok());
        assert!(declared(false).is_err());
        assert!(declared(true).is_ok());
    }

    #[test]
    fn a_target_date_lies_ahead() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
        assert!(target_date(Some(day(1)), day(2)).is_err());
        assert!(target_date(Some(day(2)), day(2)).is_ok());
        assert!(target_date(None, day(2)).is_ok());
    }
}
