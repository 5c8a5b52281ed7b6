//! The public register in the database is what the files say, to the last cell.

use entity::{country, operation_figure, repatriation_operation, source};
use rec_tests::given::each;
use rec_tests::{TestApp, on_both_databases};
use sea_orm::{ActiveEnum as _, EntityTrait as _};
use serde_json::{Value, json};

const COUNCIL: &str = include_str!("../../api/seed/council.json");
const OPERATIONS: &str = include_str!("../../api/seed/operations.csv");

fn council() -> Value {
    serde_json::from_str(COUNCIL).expect("JSON")
}

/// How many elements a list has over all entries of the file.
fn count(entries: &Value, list: &str) -> usize {
    entries.as_array().expect("a list").iter().map(|entry| entry[list].as_array().map_or(0, Vec::len)).sum()
}

/// Translations in the form of the file.
fn by_language(translations: &Value) -> Value {
    let translations = translations.as_array().expect("translations").iter();
    let named = translations.map(|one| (one["locale"].as_str().expect("a locale").to_lowercase(), one["text"].clone()));
    named.collect::<serde_json::Map<_, _>>().into()
}

/// The operations of the database as lines of the file.
async fn operations(app: &TestApp) -> Vec<String> {
    let db = &app.app.databases.read;
    let operations = repatriation_operation::Entity::find().all(db).await.expect("operations");
    let countries = country::Entity::find().all(db).await.expect("countries");
    let sources = source::Entity::find().all(db).await.expect("sources");
    let figures = operation_figure::Entity::find().all(db).await.expect("figures");
    assert_eq!(figures.len(), operations.len(), "one figure an operation");
    let cell = |count: Option<i32>| count.map(|count| count.to_string()).unwrap_or_default();
    let lines = operations.into_iter().map(|operation| {
        let country = countries.iter().find(|row| row.id == operation.country_id).expect("a country");
        let figure = figures.iter().find(|row| row.operation_id == Some(operation.id)).expect("a figure");
        let source = sources.iter().find(|row| row.id == figure.source_id).expect("a source");
        assert!(figure.preferred && figure.as_of == operation.date_to && figure.country_id.is_none());
        [
            country.iso2.clone(),
            operation.code_name.clone().unwrap_or_default(),
            operation.date_from.to_string(),
            operation.date_to.to_string(),
            operation.date_precision.to_value(),
            operation.origins.0.join(" "),
            cell(figure.total),
            cell(figure.women),
            cell(figure.men),
            cell(figure.children),
            figure.confidence.to_value(),
            source.url.clone().unwrap_or_default(),
        ]
        .join(",")
    });
    lines.collect()
}

on_both_databases! {
    every_operation_stands_in_the_database_as_in_the_file,
    the_council_has_as_many_of_each_as_the_file,
    the_meetings_have_all_that_the_file_says,
}

async fn every_operation_stands_in_the_database_as_in_the_file(app: TestApp) {
    let mut expected: Vec<String> = OPERATIONS.lines().skip(1).map(str::to_owned).collect();
    let mut held = operations(&app).await;
    assert_eq!(expected.len(), 21);
    expected.sort();
    held.sort();
    assert_eq!(held, expected);
}

async fn the_council_has_as_many_of_each_as_the_file(app: TestApp) {
    let (file, all) = (council(), "first: 100");
    let query = format!(
        "{{ countries({all}) {{ nodes {{ iso2 participating ...C }} }}
        organizations({all}) {{ nodes {{
            acronym kind seat website organizer parent {{ acronym }} country {{ iso2 }} ...O }} }}
        bodies({all}) {{ nodes {{ code kind establishedOn reportsTo {{ code }} ...B }} }}
        mandates {{ totalCount }} recommendations {{ totalCount }} }}
        fragment C on Country {{ nameTranslations {{ locale text }} }}
        fragment O on Organization {{ nameTranslations {{ locale text }} }}
        fragment B on Body {{ nameTranslations {{ locale text }} }}"
    );
    let data = app.secretariat().query(&query).await;
    assert_eq!((&data["mandates"]["totalCount"], &data["recommendations"]["totalCount"]), (&json!(0), &json!(0)));
    for (list, keys) in [
        ("countries", &["iso2", "participating"][..]),
        ("organizations", &["acronym", "kind", "seat", "website", "organizer", "parent/acronym", "country/iso2"]),
        ("bodies", &["code", "kind", "establishedOn", "reportsTo/code"]),
    ] {
        for key in keys {
            let (own, _) = key.split_once('/').unwrap_or((key, ""));
            let mut expected = each(&file[list], &format!("/{own}"));
            if *key == "organizer" {
                expected.iter_mut().filter(|value| value.is_null()).for_each(|value| *value = json!(false));
            }
            assert_eq!(each(&data[list]["nodes"], &format!("/{key}")), expected, "{list} by {key}");
        }
    }
    for list in ["countries", "organizations", "bodies"] {
        let names = each(&data[list]["nodes"], "/nameTranslations");
        assert_eq!(names.iter().map(by_language).collect::<Vec<_>>(), each(&file[list], "/name"), "{list}");
    }
}

async fn the_meetings_have_all_that_the_file_says(app: TestApp) {
    let meetings = &council()["meetings"];
    let query = "{ meetings { nodes { kind modality status startsOn endsOn timezone city country { iso2 } title
        participantCount countQualifier organizers { role organization { acronym } }
        sessions { ordinal body { code } } alternativeTitles { title source { url } } agenda { number kind title }
        sources { url } participations { nodes { capacity attendance organization { acronym } } } } } }";
    let nodes = app.secretariat().query(query).await["meetings"]["nodes"].take();
    for key in ["kind", "modality", "status", "startsOn", "endsOn", "timezone", "city"] {
        assert_eq!(each(&nodes, &format!("/{key}")), each(meetings, &format!("/{key}")), "{key}");
    }
    assert_eq!(each(&nodes, "/country/iso2"), each(meetings, "/country"));
    assert_eq!(each(&nodes, "/title"), each(meetings, "/title/en"));
    assert_eq!(each(&nodes, "/participantCount"), each(meetings, "/participants/count"));
    assert_eq!(each(&nodes, "/countQualifier"), each(meetings, "/participants/qualifier"));
    for (node, entry) in nodes.as_array().unwrap().iter().zip(meetings.as_array().unwrap()) {
        assert_eq!(each(&node["organizers"], "/organization/acronym"), each(&entry["organizers"], "/0"));
        assert_eq!(each(&node["organizers"], "/role"), each(&entry["organizers"], "/1"));
        assert_eq!(each(&node["sessions"], "/ordinal"), each(&entry["sessions"], "/ordinal"));
        let sources = each(&entry["sources"], "");
        let url = |key: &Value| council()["sources"][key.as_str().unwrap()]["url"].clone();
        assert_eq!(each(&node["sources"], "/url"), sources.iter().map(url).collect::<Vec<_>>());
    }
    for (list, total) in [("sessions", 10), ("alternativeTitles", 1), ("agenda", 4)] {
        assert_eq!((count(&nodes, list), count(meetings, list)), (total, total), "{list}");
    }
    let participations = json!(each(&nodes, "/participations"));
    assert_eq!(count(&participations, "nodes"), count(meetings, "participations"));
}
