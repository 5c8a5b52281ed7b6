//! What a test starts from, made through the API by the secretariat.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::TestApp;

/// An id, as it stands in JSON.
pub type Id = String;

fn id_of(value: &Value) -> Id {
    value["id"].as_str().expect("an id").to_owned()
}

/// A text in English and Russian.
pub fn text(english: &str) -> Value {
    json!([{ "locale": "EN", "text": english }, { "locale": "RU", "text": format!("{english} (по-русски)") }])
}

/// A record at a version.
pub fn at(record: &Value) -> Value {
    json!({ "id": record["id"], "expectedVersion": record["version"] })
}

/// `at`, with more fields.
pub fn at_with(record: &Value, more: Value) -> Value {
    with(at(record), more)
}

/// An input with more fields, or with other values for them.
pub fn with(mut input: Value, more: Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        input[key] = value.clone();
    }
    input
}

/// One value of each record of a list.
pub fn each(list: &Value, pointer: &str) -> Vec<Value> {
    let records = list.as_array().expect("a list").iter();
    records.map(|record| record.pointer(pointer).cloned().unwrap_or_default()).collect()
}

/// A time as answers print it.
pub fn printed(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

impl TestApp {
    /// The id of a body, by its code.
    pub async fn body(&self, code: &str) -> Id {
        let data = self
            .anonymous()
            .query_with("query($c: String!) { body(by: { code: $c }) { id } }", json!({ "c": code }))
            .await;
        id_of(&data["body"])
    }

    /// The id of an organisation, by its acronym.
    pub async fn organization(&self, acronym: &str) -> Id {
        let query = "query($a: String!) { organization(by: { acronym: $a }) { id } }";
        id_of(&self.anonymous().query_with(query, json!({ "a": acronym })).await["organization"])
    }

    /// The id of a country, by its code.
    pub async fn country(&self, iso2: &str) -> Id {
        let query = "query($c: String!) { country(by: { iso2: $c }) { id } }";
        id_of(&self.anonymous().query_with(query, json!({ "c": iso2 })).await["country"])
    }

    /// The id of a theme with this code.
    pub async fn theme(&self, code: &str) -> Id {
        let input = json!({ "code": code, "name": text(code), "kind": "SUBJECT" });
        id_of(&self.secretariat().mutate("createTheme", input, "id").await)
    }

    /// The id of an instrument with this symbol.
    pub async fn instrument(&self, symbol: &str) -> Id {
        let input = json!({ "symbol": symbol, "title": text(symbol) });
        id_of(&self.secretariat().mutate("createInstrument", input, "id").await)
    }

    /// The ids of the public register's sources.
    pub async fn sources(&self) -> Vec<Id> {
        let data = self.anonymous().query("{ meetings { nodes { sources { id } } } }").await;
        let meetings = data["meetings"]["nodes"].as_array().expect("meetings");
        meetings.iter().flat_map(|meeting| meeting["sources"].as_array().expect("sources")).map(id_of).collect()
    }

    /// A mandate from 2024 on.
    pub async fn mandate(&self, acronym: &str, body: &str, role: &str) -> Value {
        let input = json!({
            "organizationId": self.organization(acronym).await,
            "bodyId": self.body(body).await,
            "role": role,
            "validFrom": "2024-05-14",
        });
        self.secretariat().mutate("grantMandate", input, "id version").await
    }

    /// A planned meeting on a day in the past.
    pub async fn planned_meeting(&self, more: Value) -> Value {
        let input = json!({
            "title": text("A meeting"), "kind": "WORKING_GROUP", "modality": "IN_PERSON", "startsOn": "2025-12-01",
            "organizers": [{ "organizationId": self.organization("ISRS").await, "role": "ORGANIZER" }],
        });
        self.secretariat().mutate("scheduleMeeting", with(input, more), "id version status").await
    }

    /// A concluded meeting with a session of each of these bodies.
    pub async fn concluded_meeting(&self, bodies: &[&str]) -> Value {
        self.concluded_meeting_with(bodies, json!({})).await
    }

    pub async fn concluded_meeting_with(&self, bodies: &[&str], more: Value) -> Value {
        let mut sessions = Vec::new();
        for body in bodies {
            sessions.push(json!({ "bodyId": self.body(body).await }));
        }
        let meeting = self.planned_meeting(with(json!({ "sessions": sessions }), more)).await;
        let meeting = self.secretariat().mutate("confirmMeeting", at(&meeting), "id version").await;
        self.secretariat().mutate("concludeMeeting", at(&meeting), "id version status").await
    }

    /// A draft by the secretariat with an addressee.
    pub async fn draft(&self, body: &str) -> Value {
        self.draft_with(body, json!({})).await
    }

    pub async fn draft_with(&self, body: &str, more: Value) -> Value {
        let input = with(self.draft_input(body).await, more);
        self.secretariat().mutate("draftRecommendation", input, "id version status").await
    }

    /// The input of a draft with an addressee.
    pub async fn draft_input(&self, body: &str) -> Value {
        json!({
            "bodyId": self.body(body).await,
            "kind": "RECOMMENDATION",
            "title": text("A recommendation"),
            "text": text("The states are invited to act"),
            "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "countryId": self.country("UZ").await }],
        })
    }

    pub async fn under_discussion(&self, body: &str) -> Value {
        let draft = self.draft(body).await;
        self.secretariat().mutate("openDiscussion", at(&draft), "id version status").await
    }

    pub async fn agreed(&self, body: &str) -> Value {
        let discussed = self.under_discussion(body).await;
        let meeting = self.concluded_meeting(&[body]).await;
        let input = at_with(&discussed, json!({ "meetingId": meeting["id"] }));
        self.secretariat().mutate("recordAgreement", input, "id version status").await
    }

    /// Takes a draft to the Executive Committee; `meeting` has a session of its body.
    pub async fn submit(&self, draft: &Value, meeting: &Value) -> Value {
        let secretariat = self.secretariat();
        let discussed = secretariat.mutate("openDiscussion", at(draft), "id version").await;
        let input = at_with(&discussed, json!({ "meetingId": meeting["id"] }));
        let agreed = secretariat.mutate("recordAgreement", input, "id version").await;
        secretariat.mutate("submitToExecutiveCommittee", at(&agreed), "id version status").await
    }

    pub async fn submitted(&self, body: &str) -> Value {
        let agreed = self.agreed(body).await;
        self.secretariat().mutate("submitToExecutiveCommittee", at(&agreed), "id version status").await
    }

    pub async fn adopted(&self, body: &str) -> Value {
        let (submitted, meeting) = (self.submitted(body).await, self.concluded_meeting(&["EC"]).await);
        self.adopt(&submitted, &meeting).await
    }

    /// An adopted text whose draft has more fields.
    pub async fn adopted_with(&self, body: &str, more: Value) -> Value {
        let (draft, meeting) = (self.draft_with(body, more).await, self.concluded_meeting(&[body, "EC"]).await);
        self.adopt(&self.submit(&draft, &meeting).await, &meeting).await
    }

    /// Has the Executive Committee adopt a submitted text in a meeting.
    pub async fn adopt(&self, submitted: &Value, meeting: &Value) -> Value {
        let input = at_with(submitted, json!({ "meetingId": meeting["id"], "noPersonalData": true }));
        self.secretariat().mutate("adoptRecommendation", input, "id version status label").await
    }

    /// How many lines the feed has.
    pub async fn feed_length(&self) -> u64 {
        use sea_orm::{EntityTrait as _, PaginatorTrait as _};
        entity::change::Entity::find().count(&self.app.databases.read).await.expect("a count")
    }
}
