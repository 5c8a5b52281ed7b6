//! Who is present at a session of a body, by category, and whether that is its quorum. It refuses nothing.

use std::collections::HashSet;

use chrono::NaiveDate;
use entity::body::{ParticipantCategory, Quorum, QuorumPart};
use entity::id::{CountryId, OrganizationId};
use entity::mandate::MandateRole;
use entity::organization::OrganizationKind;
use entity::participation::Attendance;
use entity::{mandate, meeting, organization};
use sea_orm::Iterable as _;

use super::council::is_valid_within;
use super::decision::decides;
use super::fields;
use super::validation::{Validated, ValidationError, all, none};

/// The most delegations that a quorum asks for.
const MOST: i32 = 1000;

/// A quorum that an input gives: each category once at most.
pub fn quorum(path: &str, parts: Vec<QuorumPart>) -> Validated<Quorum> {
    let categories: Vec<_> = parts.iter().map(|part| part.category).collect();
    let counts = parts.iter().enumerate().map(|(index, part)| {
        (!(1..=MOST).contains(&part.delegations)).then(|| {
            let message = format!("A quorum asks for 1 to {MOST} delegations of a category.");
            ValidationError::invalid(&format!("{path}.{index}.delegations"), message)
        })
    });
    all([none(counts.flatten().collect()), fields::distinct(path, &categories)])?;
    Ok(Quorum(parts))
}

/// For whom an organisation speaks by a mandate: one that is for a country is of its state's delegation.
pub fn category(kind: OrganizationKind, country: Option<CountryId>) -> ParticipantCategory {
    use OrganizationKind::{
        Academic, CivilSociety, DonorOrFund, GovernmentBody, IgoFieldOperation, IntergovernmentalOrganization,
        NationalInstitute, Other, RedCrossMovement, UnAgencyFundProgramme, UnOffice, UnRegionalCentre,
    };
    match kind {
        _ if country.is_some() => ParticipantCategory::Government,
        NationalInstitute | GovernmentBody => ParticipantCategory::Government,
        IntergovernmentalOrganization
        | IgoFieldOperation
        | UnOffice
        | UnRegionalCentre
        | UnAgencyFundProgramme
        | RedCrossMovement => ParticipantCategory::InternationalOrganization,
        CivilSociety | Academic => ParticipantCategory::CivilSociety,
        DonorOrFund | Other => ParticipantCategory::Other,
    }
}

/// The attendances of those who are present at a meeting, in the room or by video.
pub fn is_present(attendance: Attendance) -> bool {
    matches!(attendance, Attendance::Present | Attendance::Remote)
}

/// Whether it is known who was present: before a meeting nobody is.
pub fn is_known(meeting: &meeting::Model) -> bool {
    decides(meeting.status)
}

/// Observers follow a body, and a secretariat serves it; all others take part in its work.
fn takes_part(role: MandateRole) -> bool {
    !matches!(role, MandateRole::Observer | MandateRole::Secretariat)
}

/// How many delegations of a category are present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    pub category: ParticipantCategory,
    pub delegations: usize,
}

/// The delegations at a session, by category: of those present, who holds a mandate in the body on one of the meeting's days by which it takes part
/// in its work. A state has one delegation, however many of its organisations are there.
pub fn attendance<'a>(
    present: impl IntoIterator<Item = (&'a organization::Model, &'a [mandate::Model])>,
    days: (NaiveDate, NaiveDate),
) -> Vec<Present> {
    let mut delegations: HashSet<(ParticipantCategory, Result<CountryId, OrganizationId>)> = HashSet::new();
    for (organization, mandates) in present {
        for mandate in mandates.iter().filter(|mandate| takes_part(mandate.role) && is_valid_within(mandate, days)) {
            let category = category(organization.kind, mandate.country_id);
            let its_own = organization.country_id.filter(|_| category == ParticipantCategory::Government);
            delegations.insert((category, mandate.country_id.or(its_own).ok_or(organization.id)));
        }
    }
    let count = |category| delegations.iter().filter(|(other, _)| *other == category).count();
    ParticipantCategory::iter().map(|category| Present { category, delegations: count(category) }).collect()
}

/// How many delegations of a category a quorum asks for, if it does.
pub fn required(quorum: &Quorum, category: ParticipantCategory) -> Option<i32> {
    quorum.0.iter().find(|part| part.category == category).map(|part| part.delegations)
}

/// Whether a body has its quorum; `None` if it has no rule.
pub fn is_quorate(quorum: &Quorum, present: &[Present]) -> Option<bool> {
    let has = |part: &QuorumPart| {
        let found = present.iter().find(|one| one.category == part.category);
        found.is_some_and(|one| usize::try_from(part.delegations).is_ok_and(|asked| one.delegations >= asked))
    };
    (!quorum.0.is_empty()).then(|| quorum.0.iter().all(has))
}

#[cfg(test)]
mod tests {
    use super::{attendance, category, is_quorate, quorum};
    use chrono::{DateTime, NaiveDate};
    use entity::Audience;
    use entity::body::ParticipantCategory::{CivilSociety, Government, InternationalOrganization, Other};
    use entity::body::{ParticipantCategory, Quorum, QuorumPart};
    use entity::id::{BodyId, CountryId, MandateId, OrganizationId, RecordId as _};
    use entity::mandate::{self, MandateRole};
    use entity::organization::{self, OrganizationKind};
    use entity::text::{Locale, LocalizedText};
    use sea_orm::Iterable as _;
    use uuid::Uuid;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
    }

    fn organization(id: u128, kind: OrganizationKind) -> organization::Model {
        let name = LocalizedText::new(Locale::En, "An organisation");
        organization::Model {
            id: OrganizationId::new(Uuid::from_u128(id)),
            acronym: id.to_string(),
            name_folded: name.folded(),
            name,
            kind,
            seat: None,
            website: None,
            organizer: false,
            active: true,
            parent_id: None,
            country_id: None,
            audience: Audience::Public,
            owner: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    fn mandate(of: &organization::Model, country: Option<u128>, valid_to: Option<NaiveDate>) -> mandate::Model {
        mandate::Model {
            id: MandateId::new(Uuid::from_u128(1)),
            organization_id: of.id,
            body_id: BodyId::new(Uuid::from_u128(1)),
            country_id: country.map(|id| CountryId::new(Uuid::from_u128(id))),
            role: MandateRole::Member,
            can_object: true,
            valid_from: day(2),
            valid_to,
            audience: Audience::Public,
            owner: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    fn rule(parts: &[(ParticipantCategory, i32)]) -> Vec<QuorumPart> {
        parts
            .iter()
            .map(|(category, delegations)| QuorumPart { category: *category, delegations: *delegations })
            .collect()
    }

    #[test]
    fn every_kind_of_organisation_speaks_for_somebody() {
        let country = Some(CountryId::new(Uuid::from_u128(1)));
        let of = |wanted: ParticipantCategory| -> Vec<OrganizationKind> {
            OrganizationKind::iter().filter(|kind| category(*kind, None) == wanted).collect()
        };
        assert_eq!(of(Government), [OrganizationKind::NationalInstitute, OrganizationKind::GovernmentBody]);
        assert_eq!(of(CivilSociety), [OrganizationKind::CivilSociety, OrganizationKind::Academic]);
        assert_eq!(of(Other), [OrganizationKind::DonorOrFund, OrganizationKind::Other]);
        assert_eq!(of(InternationalOrganization).len(), 6);
        assert!(OrganizationKind::iter().all(|kind| category(kind, country) == Government));
    }

    #[test]
    fn a_state_has_one_delegation_and_who_has_no_mandate_is_a_guest() {
        let (ministry, institute) =
            (organization(1, OrganizationKind::GovernmentBody), organization(2, OrganizationKind::NationalInstitute));
        let (office, guest) =
            (organization(3, OrganizationKind::UnOffice), organization(4, OrganizationKind::Academic));
        let over = organization(5, OrganizationKind::CivilSociety);
        let held = [
            (&ministry, vec![mandate(&ministry, Some(7), None)]),
            (&institute, vec![mandate(&institute, Some(7), None)]),
            (&office, vec![mandate(&office, None, None), mandate(&office, None, Some(day(4)))]),
            (&guest, vec![]),
            (&over, vec![mandate(&over, None, Some(day(3)))]),
        ];
        let follower = organization(6, OrganizationKind::CivilSociety);
        let observes = mandate::Model { role: MandateRole::Observer, ..mandate(&follower, None, None) };
        let serves = mandate::Model { role: MandateRole::Secretariat, ..mandate(&follower, None, None) };
        let home = organization::Model { country_id: Some(CountryId::new(Uuid::from_u128(7))), ..ministry.clone() };
        let at_home = organization::Model { id: OrganizationId::new(Uuid::from_u128(8)), ..home };
        let held = held
            .into_iter()
            .chain([(&follower, vec![observes, serves]), (&at_home, vec![mandate(&at_home, None, None)])]);
        let held: Vec<_> = held.collect();
        let on = |from, to| {
            let held = held.iter().map(|(organization, mandates)| (*organization, mandates.as_slice()));
            attendance(held, (day(from), day(to)))
                .into_iter()
                .map(|one| (one.category, one.delegations))
                .collect::<Vec<_>>()
        };
        let counts = |civil| [(Government, 1), (InternationalOrganization, 1), (CivilSociety, civil), (Other, 0)];
        assert_eq!(on(4, 5), counts(0));
        assert_eq!(on(3, 5), counts(1));
        assert_eq!(on(1, 1), [(Government, 0), (InternationalOrganization, 0), (CivilSociety, 0), (Other, 0)]);
    }

    #[test]
    fn a_quorum_is_met_by_as_many_as_it_asks_for() {
        let office = organization(3, OrganizationKind::UnOffice);
        let held = [mandate(&office, None, None)];
        let present = attendance([(&office, &held[..])], (day(2), day(2)));
        let quorate = |parts: &[(ParticipantCategory, i32)]| is_quorate(&Quorum(rule(parts)), &present);
        assert_eq!(quorate(&[]), None);
        assert_eq!(quorate(&[(InternationalOrganization, 1)]), Some(true));
        assert_eq!(quorate(&[(InternationalOrganization, 2)]), Some(false));
        assert_eq!(quorate(&[(InternationalOrganization, 1), (Government, 1)]), Some(false));
    }

    #[test]
    fn a_quorum_names_each_category_once_and_asks_for_somebody() {
        let paths = |parts: &[(ParticipantCategory, i32)]| -> Vec<String> {
            let refusals = quorum("quorum", rule(parts)).err().unwrap_or_default();
            refusals.iter().map(|refusal| refusal.path.join(".")).collect()
        };
        assert!(paths(&[(Government, 1), (Other, 1000)]).is_empty());
        assert_eq!(paths(&[(Government, 0), (Other, 1001)]), ["quorum.0.delegations", "quorum.1.delegations"]);
        assert_eq!(paths(&[(Government, 1), (Government, 2)]), ["quorum"]);
    }
}
