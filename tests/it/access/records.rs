//! A record and a valid input for every row of the tables.

use std::sync::atomic::{AtomicU32, Ordering};

use entity::{Audience, operation_figure, repatriation_operation, source};
use rec_tests::TestApp;
use rec_tests::given::{Id, at, at_with, text, with};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::{Value, json};

pub const ANOTHER: &str = "UNRCCA";
pub const OWN: &str = "OSCE";
pub const CHAIR: &str = "OSCE-PCUZ";
pub const COMMITTEE: &str = "ISRS";

pub struct Setting<'a> {
    app: &'a TestApp,
    /// A concluded meeting with sessions of working group A and of the Executive Committee.
    meeting: Value,
    number: AtomicU32,
}

fn id(record: &Value) -> Id {
    record["id"].as_str().expect("an id").to_owned()
}

impl<'a> Setting<'a> {
    pub async fn new(app: &'a TestApp) -> Self {
        app.mandate(OWN, "WG-A", "MEMBER").await;
        app.mandate(CHAIR, "WG-A", "CHAIR").await;
        app.mandate(COMMITTEE, "EC", "CHAIR").await;
        app.mandate(ANOTHER, "WG-B", "CHAIR").await;
        let meeting = app.concluded_meeting(&["WG-A", "EC"]).await;
        Self { app, meeting, number: AtomicU32::new(0) }
    }

    /// The id of a record for a row of queries.
    pub async fn id(&self, record: &str) -> Id {
        let app = self.app;
        match record {
            "oneself" => String::new(),
            "country" => app.country("UZ").await,
            "client" => self.client().await,
            "webhook" => self.webhook().await,
            "organization" => app.organization("ISRS").await,
            "working-group" => app.body("WG-A").await,
            "mandate" => id(&app.secretariat().mutate("grantMandate", self.new_mandate().await, "id").await),
            "theme" => id(&self.theme().await),
            document if document.contains("document") => id(&self.document(document).await),
            "instrument" => id(&self.instrument().await),
            "public-meeting" => id(&app.planned_meeting(json!({})).await),
            "named-meeting" => {
                let meeting = id(&app.planned_meeting(json!({})).await);
                let link = json!({ "id": meeting, "externalId": { "sourceSystem": "archive", "value": meeting } });
                app.secretariat().mutate("linkExternalId", link, "id").await;
                meeting
            }
            "participants-meeting" => id(&app.planned_meeting(json!({ "sensitivity": "PARTICIPANTS_ONLY" })).await),
            "confidential-meeting" => id(&self.confidential().await),
            "confidential-agenda" => id(&self.agenda_item(&self.confidential().await).await),
            "chatham-participation" => {
                let meeting = app.planned_meeting(json!({ "chathamHouse": true })).await;
                id(&app.secretariat().mutate("recordParticipation", self.part(&meeting).await, "id").await)
            }
            "operation" => {
                let row = repatriation_operation::Entity::find().one(&app.app.databases.read).await;
                row.expect("a read").expect("an operation").id.to_string()
            }
            "figure" => self.figure().await.id.to_string(),
            "source" => app.sources().await.remove(0),
            "source-of-figure" => self.figure().await.source_id.to_string(),
            "procedure" => self.procedure().await,
            "cited" => {
                let paragraphs = json!([{ "number": 1, "text": text("A paragraph") }]);
                let adopted = app.adopted_with("WG-B", json!({ "text": null, "paragraphs": paragraphs })).await;
                format!("{} ¶1", adopted["label"].as_str().expect("a label"))
            }
            "position" => id(&self.position(record).await),
            "draft-of-the-secretariat" => id(&app.draft("WG-A").await),
            demo if demo.starts_with("demo-") => self.demonstration(&demo[5..].to_uppercase()).await,
            state => id(&self.text(state).await),
        }
    }

    /// A valid input of a mutation, on a fresh record.
    pub async fn input(&self, mutation: &str, record: &str) -> Value {
        let app = self.app;
        let number = self.next();
        match mutation {
            "createOrganization" => self.new_organization(),
            "updateOrganization" => at_with(&self.organization().await, json!({ "seat": "Tashkent" })),
            "deactivateOrganization" => at(&self.organization().await),
            "createBody" => new_body(number),
            "updateBody" => at_with(&self.body().await, json!({ "name": text("Another name") })),
            "grantMandate" => self.new_mandate().await,
            "endMandate" => {
                let mandate = app.secretariat().mutate("grantMandate", self.new_mandate().await, "id version").await;
                at_with(&mandate, json!({ "validTo": "2026-01-01" }))
            }
            "createTheme" => new_theme(number),
            "updateTheme" => at_with(&self.theme().await, json!({ "name": text("Another name") })),
            "mergeThemes" => at_with(&self.theme().await, json!({ "intoId": self.theme().await["id"] })),
            "createDocument" => new_document(number),
            "updateDocument" => at_with(&self.document(record).await, json!({ "title": text("Another title") })),
            "createSource" => new_source(number),
            "createInstrument" => new_instrument(number),
            "updateInstrument" => at_with(&self.instrument().await, json!({ "title": text("Another title") })),
            "scheduleMeeting" => json!({
                "title": text("A meeting"), "kind": "BRIEFING", "modality": "ONLINE", "startsOn": "2026-03-01",
            }),
            "recordParticipation" if record == "part-in-confidential" => self.part(&self.confidential().await).await,
            "recordParticipation" => self.part(&app.planned_meeting(json!({})).await).await,
            "updateAgendaItem" => {
                let item = self.agenda_item(&app.planned_meeting(json!({})).await).await;
                at_with(&item, json!({ "title": text("Another item") }))
            }
            "removeAgendaItem" => at(&self.agenda_item(&app.planned_meeting(json!({})).await).await),
            "reorderAgendaItems" => self.new_order().await,
            "draftRecommendation" => self.new_text().await,
            "statePosition" => self.new_position().await,
            "answerPosition" => at_with(&self.position(record).await, json!({ "answer": text("Next year") })),
            "maintainPosition" | "withdrawPosition" => at(&self.position(record).await),
            "upsertRecommendations" | "upsertOrganizations" | "upsertMeetings" | "upsertDocuments" => {
                self.rows(mutation, record).await
            }
            "linkExternalId" | "unlinkExternalId" => self.link(mutation, record).await,
            "registerClient" => new_client(),
            "registerWebhook" => new_webhook(),
            "replayWebhook" => {
                let head = self.app.anonymous().query("{ feedHead }").await["feedHead"].take();
                json!({ "id": self.webhook().await, "after": head })
            }
            webhook if webhook.contains("Webhook") => json!({ "id": self.webhook().await }),
            "deactivateClient" => json!({ "id": self.client().await }),
            "issueToken" => json!({ "clientId": self.client().await, "days": 1 }),
            "revokeToken" => {
                let input = json!({ "clientId": self.client().await, "days": 1 });
                json!({ "id": self.app.admin().mutate("issueToken", input, "id").await["id"] })
            }
            mutation if mutation.contains("Meeting") || record == "planned" => {
                self.meeting_input(mutation, record).await
            }
            mutation => self.text_input(mutation, record).await,
        }
    }

    async fn meeting_input(&self, mutation: &str, record: &str) -> Value {
        let app = self.app;
        let meeting = match record {
            "confidential" => self.confidential().await,
            "confirmed" => {
                let planned = app.planned_meeting(json!({})).await;
                app.secretariat().mutate("confirmMeeting", at(&planned), "id version").await
            }
            _ => app.planned_meeting(json!({})).await,
        };
        match mutation {
            "updateMeeting" => at_with(&meeting, json!({ "city": "Tashkent" })),
            "setMeetingOrganizers" => {
                let organizer = json!({ "organizationId": app.organization("OSCE").await, "role": "HOST" });
                at_with(&meeting, json!({ "organizers": [organizer] }))
            }
            "setBodySessions" => at_with(&meeting, json!({ "sessions": [{ "bodyId": app.body("WG-D").await }] })),
            "addAgendaItem" => new_agenda_item(&meeting),
            _ => at(&meeting),
        }
    }

    /// A bulk write of one row.
    async fn rows(&self, mutation: &str, record: &str) -> Value {
        let mut row = match mutation {
            "upsertOrganizations" => self.new_organization(),
            "upsertDocuments" => new_document(self.next()),
            "upsertMeetings" => json!({
                "title": text("Another"), "kind": "WORKING_GROUP", "modality": "ONLINE", "startsOn": "2025-12-01",
            }),
            _ => self.new_text().await,
        };
        match record {
            "new" => {}
            "planned" => row["id"] = self.app.planned_meeting(json!({})).await["id"].clone(),
            "organization" => row["id"] = self.organization().await["id"].clone(),
            "document" => row["id"] = self.document(record).await["id"].clone(),
            state => {
                row["id"] = self.text(state).await["id"].clone();
                row["title"] = text("Another title");
            }
        }
        json!({ "rows": [row], "matchBy": "ID" })
    }

    /// An external id in a system that nobody has used, or one that the secretariat has linked.
    async fn link(&self, mutation: &str, record: &str) -> Value {
        let external = json!({ "sourceSystem": format!("system-{}", self.next()), "value": "1" });
        let id = if mutation == "linkExternalId" { self.id(record).await } else { self.id("public-meeting").await };
        let input = json!({ "id": id, "externalId": external });
        if mutation == "unlinkExternalId" {
            self.app.secretariat().mutate("linkExternalId", input.clone(), "id").await;
        }
        input
    }

    async fn webhook(&self) -> Id {
        id(&self.app.admin().mutate("registerWebhook", new_webhook(), "id").await)
    }

    async fn client(&self) -> Id {
        id(&self.app.admin().mutate("registerClient", new_client(), "id").await)
    }

    async fn text_input(&self, mutation: &str, record: &str) -> Value {
        let row = self.text(record).await;
        match mutation {
            "reviseRecommendation" => at_with(&row, json!({ "title": text("Another title") })),
            "setAddressees" => {
                at_with(&row, json!({ "addressees": [{ "category": "ALL_STAKEHOLDERS", "role": "SUPPORTING" }] }))
            }
            "openSilence" | "recordAgreement" | "recordNoConsensus" => {
                at_with(&row, json!({ "meetingId": self.meeting["id"] }))
            }
            "adoptRecommendation" => at_with(&row, self.adoption()),
            "recordAdoption" => self.past_adoption(row).await,
            "supersedeRecommendation" => at_with(&row, json!({ "supersededById": self.text("adopted").await["id"] })),
            _ => at(&row),
        }
    }

    /// A demonstration text in a state that no mutation of this table leads to.
    async fn demonstration(&self, state: &str) -> Id {
        rec_api::service::seed::demo::load(&self.app.app).await.expect("a demonstration");
        let filter = json!({ "isDemo": { "eq": true }, "status": { "eq": state } });
        let query = "query($filter: RecommendationFilter) { recommendations(filter: $filter) { nodes { id } } }";
        let data = self.app.secretariat().query_with(query, json!({ "filter": filter })).await;
        id(&data["recommendations"]["nodes"][0])
    }

    /// A text of `own` in working group A, in a state.
    async fn text(&self, state: &str) -> Value {
        let secretariat = self.app.secretariat();
        let step = async |before: &str, mutation: &str, more: Value| {
            let before = Box::pin(self.text(before)).await;
            secretariat.mutate(mutation, at_with(&before, more), "id version").await
        };
        match state {
            "own-draft" => {
                self.app.partner(OWN).mutate("draftRecommendation", self.new_text().await, "id version").await
            }
            "withdrawn" => step("own-draft", "withdrawRecommendation", json!({})).await,
            "discussed" => step("own-draft", "openDiscussion", json!({})).await,
            "silence" => step("discussed", "openSilence", json!({ "meetingId": self.meeting["id"] })).await,
            "agreed" => step("discussed", "recordAgreement", json!({ "meetingId": self.meeting["id"] })).await,
            "submitted" => step("agreed", "submitToExecutiveCommittee", json!({})).await,
            "returned" => step("submitted", "returnRecommendation", json!({})).await,
            "adopted" => step("submitted", "adoptRecommendation", self.adoption()).await,
            other => panic!("no record for {other}"),
        }
    }

    /// A silence on a text of `own`.
    async fn procedure(&self) -> Id {
        let query = "query($id: ID!) { recommendation(by: { id: $id }) { procedures { id } } }";
        let silence = self.text("silence").await;
        let found = self.app.secretariat().query_with(query, json!({ "id": silence["id"] })).await;
        id(&found["recommendation"]["procedures"][0])
    }

    async fn new_position(&self) -> Value {
        let organization = self.app.organization(OWN).await;
        json!({ "procedureId": self.procedure().await, "organizationId": organization, "kind": "SUPPORT" })
    }

    /// A position of `own`, which may be answered.
    async fn position(&self, record: &str) -> Value {
        let secretariat = self.app.secretariat();
        let stated = secretariat.mutate("statePosition", self.new_position().await, "id version").await;
        if record == "position" {
            return stated;
        }
        let answer = at_with(&stated, json!({ "answer": text("Next year") }));
        secretariat.mutate("answerPosition", answer, "id version").await
    }

    fn adoption(&self) -> Value {
        json!({ "meetingId": self.meeting["id"], "noPersonalData": true })
    }

    async fn past_adoption(&self, row: Value) -> Value {
        let source = self.app.secretariat().mutate("createSource", new_source(self.next()), "id").await;
        at_with(&row, json!({ "sourceId": source["id"], "adoptedOn": "2025-12-01", "noPersonalData": true }))
    }

    async fn new_text(&self) -> Value {
        json!({
            "bodyId": self.app.body("WG-A").await, "kind": "RECOMMENDATION",
            "title": text("A recommendation"), "text": text("The states are invited to act"),
            "addressees": [{ "category": "GOVERNMENT", "role": "LEAD", "countryId": self.app.country("UZ").await }],
        })
    }

    fn next(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    fn new_organization(&self) -> Value {
        json!({ "acronym": format!("ORG-{}", self.next()), "name": text("An organisation"), "kind": "OTHER" })
    }

    async fn organization(&self) -> Value {
        self.app.secretariat().mutate("createOrganization", self.new_organization(), "id version").await
    }

    async fn body(&self) -> Value {
        self.app.secretariat().mutate("createBody", new_body(self.next()), "id version").await
    }

    async fn theme(&self) -> Value {
        self.app.secretariat().mutate("createTheme", new_theme(self.next()), "id version").await
    }

    async fn document(&self, record: &str) -> Value {
        let more = match record {
            "document-for-participants" => json!({ "sensitivity": "PARTICIPANTS_ONLY" }),
            "confidential-document" => json!({ "sensitivity": "CONFIDENTIAL" }),
            "document-of-own-draft" => json!({ "recommendationId": self.text("own-draft").await["id"] }),
            _ => json!({}),
        };
        self.app.secretariat().mutate("createDocument", with(new_document(self.next()), more), "id version").await
    }

    async fn instrument(&self) -> Value {
        self.app.secretariat().mutate("createInstrument", new_instrument(self.next()), "id version").await
    }

    async fn new_mandate(&self) -> Value {
        let (holder, body) = (self.organization().await, self.app.body("WG-D").await);
        json!({ "organizationId": holder["id"], "bodyId": body, "role": "MEMBER", "validFrom": "2025-01-01" })
    }

    async fn confidential(&self) -> Value {
        self.app.planned_meeting(json!({ "sensitivity": "CONFIDENTIAL" })).await
    }

    async fn agenda_item(&self, meeting: &Value) -> Value {
        self.app.secretariat().mutate("addAgendaItem", new_agenda_item(meeting), "id version meeting { version }").await
    }

    async fn new_order(&self) -> Value {
        let meeting = self.app.planned_meeting(json!({})).await;
        let (first, second) = (self.agenda_item(&meeting).await, self.agenda_item(&meeting).await);
        let (version, items) = (&second["meeting"]["version"], [&second["id"], &first["id"]]);
        json!({ "meetingId": meeting["id"], "expectedVersion": version, "itemIds": items })
    }

    async fn part(&self, meeting: &Value) -> Value {
        let organization = self.app.organization(OWN).await;
        let meeting = &meeting["id"];
        json!({ "meetingId": meeting, "organizationId": organization, "capacity": "DELEGATE", "attendance": "INVITED" })
    }

    /// A figure whose source is not one of the public register.
    async fn figure(&self) -> operation_figure::Model {
        let db = &self.app.app.databases.read;
        let closed = source::Entity::find().filter(source::Column::Audience.eq(Audience::Confidential));
        let closed: Vec<_> = closed.all(db).await.expect("sources").into_iter().map(|source| source.id).collect();
        let figure = operation_figure::Entity::find().filter(operation_figure::Column::SourceId.is_in(closed));
        figure.one(db).await.expect("a read").expect("a figure")
    }
}

fn new_webhook() -> Value {
    json!({ "url": "https://127.0.0.1:1/" })
}

fn new_client() -> Value {
    json!({ "purpose": "A copy of the record", "role": "READER", "scopes": ["READ"] })
}

fn new_agenda_item(meeting: &Value) -> Value {
    json!({ "meetingId": meeting["id"], "title": text("An item"), "kind": "DISCUSSION" })
}

fn new_body(number: u32) -> Value {
    json!({ "code": format!("WG-X{number}"), "kind": "WORKING_GROUP", "name": text("A group") })
}

fn new_theme(number: u32) -> Value {
    json!({ "code": format!("THEME-{number}"), "name": text("A theme"), "kind": "SUBJECT" })
}

fn new_document(number: u32) -> Value {
    json!({
        "symbol": format!("A/{number}"), "kind": "AGENDA", "title": text("A document"), "sensitivity": "PUBLIC", "noPersonalData": true,
        "versions": [{ "locale": "EN", "url": "https://example.org", "state": "ORIGINAL" }],
    })
}

fn new_source(number: u32) -> Value {
    json!({ "title": "A source", "url": format!("https://example.org/{number}") })
}

fn new_instrument(number: u32) -> Value {
    json!({ "symbol": format!("S/RES/{number}"), "title": text("An instrument"), "adoptedOn": "2017-12-21" })
}
