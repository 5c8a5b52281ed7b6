//! Who may do what. The two tables are the document: a row for every root field, a column for every kind of viewer, and each cell is
//! executed.
//!
//! `yes`: done or shown. `no`: `FORBIDDEN`. `-`: the same answer as for what does not exist (null, an empty list, `NOT_FOUND`).
//!
//! The partners: `another` chairs working group B, and has no part in the record; `own` is the drafting organisation, a member of working
//! group A; `chair` chairs working group A; `committee` chairs the Executive Committee. Texts are those of `own` in working group A unless
//! the row says otherwise.

mod records;

use rec_tests::client::Client;
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

use records::Setting;

const VIEWERS: [&str; 8] = ["anonymous", "reader", "another", "own", "chair", "committee", "secretariat", "admin"];

const QUERY: &str = "
    field           record                      anonymous reader another own chair committee secretariat admin
    viewer          oneself                     yes       yes    yes     yes yes   yes       yes         yes
    agendaForMe     oneself                     -         -      yes     yes yes   yes       -           -
    feedHead        oneself                     yes       yes    yes     yes yes   yes       yes         yes
    checkpoint      oneself                     yes       yes    yes     yes yes   yes       yes         yes
    changes         public-meeting              yes       yes    yes     yes yes   yes       yes         yes
    changes         participants-meeting        -         yes    yes     yes yes   yes       yes         yes
    changes         confidential-meeting        -         -      -       -   -     -         yes         yes
    changes         chatham-participation       -         -      -       yes -     -         yes         yes
    changes         own-draft                   -         -      -       yes -     -         yes         yes
    changes         discussed                   -         yes    yes     yes yes   yes       yes         yes
    changes         adopted                     yes       yes    yes     yes yes   yes       yes         yes
    changes         operation                   -         -      -       -   -     -         -           -
    changes         figure                      -         -      -       -   -     -         -           -
    node            public-meeting              yes       yes    yes     yes yes   yes       yes         yes
    node            participants-meeting        -         yes    yes     yes yes   yes       yes         yes
    node            confidential-meeting        -         -      -       -   -     -         yes         yes
    node            confidential-agenda         -         -      -       -   -     -         yes         yes
    node            chatham-participation       -         -      -       yes -     -         yes         yes
    node            own-draft                   -         -      -       yes -     -         yes         yes
    node            discussed                   -         yes    yes     yes yes   yes       yes         yes
    node            adopted                     yes       yes    yes     yes yes   yes       yes         yes
    node            operation                   -         -      -       -   -     -         -           -
    node            figure                      -         -      -       -   -     -         -           -
    node            source-of-figure            -         -      -       -   -     -         yes         yes
    nodes           public-meeting              yes       yes    yes     yes yes   yes       yes         yes
    nodes           confidential-meeting        -         -      -       -   -     -         yes         yes
    nodes           own-draft                   -         -      -       yes -     -         yes         yes
    nodeByExternalId named-meeting              -         -      -       -   -     -         yes         yes
    clients         client                      no        no     no      no  no    no        no          yes
    webhooks        webhook                     no        no     no      no  no    no        no          yes
    country         country                     yes       yes    yes     yes yes   yes       yes         yes
    countries       country                     yes       yes    yes     yes yes   yes       yes         yes
    organization    organization                yes       yes    yes     yes yes   yes       yes         yes
    organizations   organization                yes       yes    yes     yes yes   yes       yes         yes
    organizers      organization                yes       yes    yes     yes yes   yes       yes         yes
    body            working-group               yes       yes    yes     yes yes   yes       yes         yes
    bodies          working-group               yes       yes    yes     yes yes   yes       yes         yes
    workingGroup    working-group               yes       yes    yes     yes yes   yes       yes         yes
    workingGroups   working-group               yes       yes    yes     yes yes   yes       yes         yes
    mandate         mandate                     yes       yes    yes     yes yes   yes       yes         yes
    mandates        mandate                     yes       yes    yes     yes yes   yes       yes         yes
    meeting         public-meeting              yes       yes    yes     yes yes   yes       yes         yes
    meeting         participants-meeting        -         yes    yes     yes yes   yes       yes         yes
    meeting         confidential-meeting        -         -      -       -   -     -         yes         yes
    meetings        public-meeting              yes       yes    yes     yes yes   yes       yes         yes
    meetings        participants-meeting        -         yes    yes     yes yes   yes       yes         yes
    meetings        confidential-meeting        -         -      -       -   -     -         yes         yes
    recommendation  own-draft                   -         -      -       yes -     -         yes         yes
    recommendation  draft-of-the-secretariat    -         -      -       -   -     -         yes         yes
    recommendation  withdrawn                   -         -      -       yes -     -         yes         yes
    recommendation  discussed                   -         yes    yes     yes yes   yes       yes         yes
    recommendation  agreed                      -         yes    yes     yes yes   yes       yes         yes
    recommendation  submitted                   -         yes    yes     yes yes   yes       yes         yes
    recommendation  returned                    -         yes    yes     yes yes   yes       yes         yes
    recommendation  adopted                     yes       yes    yes     yes yes   yes       yes         yes
    paragraph       cited                       yes       yes    yes     yes yes   yes       yes         yes
    recommendation  demo-transmitted            yes       yes    yes     yes yes   yes       yes         yes
    recommendation  demo-superseded             yes       yes    yes     yes yes   yes       yes         yes
    recommendation  demo-under_silence          -         yes    yes     yes yes   yes       yes         yes
    recommendation  demo-no_consensus           -         yes    yes     yes yes   yes       yes         yes
    recommendations own-draft                   -         -      -       yes -     -         yes         yes
    recommendations draft-of-the-secretariat    -         -      -       -   -     -         yes         yes
    recommendations discussed                   -         yes    yes     yes yes   yes       yes         yes
    recommendations adopted                     yes       yes    yes     yes yes   yes       yes         yes
    recommendations demo-superseded             yes       yes    yes     yes yes   yes       yes         yes
    recommendations demo-under_silence          -         yes    yes     yes yes   yes       yes         yes
    recommendations demo-no_consensus           -         yes    yes     yes yes   yes       yes         yes
    consensusProcedure  procedure               -         yes    yes     yes yes   yes       yes         yes
    consensusProcedures procedure               -         yes    yes     yes yes   yes       yes         yes
    node            position                    -         yes    yes     yes yes   yes       yes         yes
    document        document                    yes       yes    yes     yes yes   yes       yes         yes
    document        document-for-participants   -         yes    yes     yes yes   yes       yes         yes
    document        confidential-document       -         -      -       -   -     -         yes         yes
    document        document-of-own-draft       -         -      -       yes -     -         yes         yes
    documents       document                    yes       yes    yes     yes yes   yes       yes         yes
    documents       confidential-document       -         -      -       -   -     -         yes         yes
    documents       document-of-own-draft       -         -      -       yes -     -         yes         yes
    source          source                      yes       yes    yes     yes yes   yes       yes         yes
    source          source-of-figure            -         -      -       -   -     -         yes         yes
    theme           theme                       yes       yes    yes     yes yes   yes       yes         yes
    themes          theme                       yes       yes    yes     yes yes   yes       yes         yes
    instrument      instrument                  yes       yes    yes     yes yes   yes       yes         yes
    instruments     instrument                  yes       yes    yes     yes yes   yes       yes         yes
";

const MUTATION: &str = "
    field                      record               anonymous reader another own chair committee secretariat admin
    createOrganization         new                  no        no     no      no  no    no        yes         yes
    updateOrganization         organization         no        no     no      no  no    no        yes         yes
    deactivateOrganization     organization         no        no     no      no  no    no        yes         yes
    createBody                 new                  no        no     no      no  no    no        yes         yes
    updateBody                 body                 no        no     no      no  no    no        yes         yes
    grantMandate               new                  no        no     no      no  no    no        yes         yes
    endMandate                 mandate              no        no     no      no  no    no        yes         yes
    createTheme                new                  no        no     no      no  no    no        yes         yes
    updateTheme                theme                no        no     no      no  no    no        yes         yes
    mergeThemes                theme                no        no     no      no  no    no        yes         yes
    createDocument             new                  no        no     no      no  no    no        yes         yes
    updateDocument             document             no        no     no      no  no    no        yes         yes
    createSource               new                  no        no     no      no  no    no        yes         yes
    createInstrument           new                  no        no     no      no  no    no        yes         yes
    updateInstrument           instrument           no        no     no      no  no    no        yes         yes
    scheduleMeeting            new                  no        no     no      no  no    no        yes         yes
    updateMeeting              planned              no        no     no      no  no    no        yes         yes
    updateMeeting              confidential         no        no     no      no  no    no        yes         yes
    confirmMeeting             planned              no        no     no      no  no    no        yes         yes
    openMeeting                confirmed            no        no     no      no  no    no        yes         yes
    concludeMeeting            confirmed            no        no     no      no  no    no        yes         yes
    cancelMeeting              planned              no        no     no      no  no    no        yes         yes
    postponeMeeting            planned              no        no     no      no  no    no        yes         yes
    setMeetingOrganizers       planned              no        no     no      no  no    no        yes         yes
    setBodySessions            planned              no        no     no      no  no    no        yes         yes
    addAgendaItem              planned              no        no     no      no  no    no        yes         yes
    updateAgendaItem           agenda-item          no        no     no      no  no    no        yes         yes
    removeAgendaItem           agenda-item          no        no     no      no  no    no        yes         yes
    reorderAgendaItems         agenda               no        no     no      no  no    no        yes         yes
    recordParticipation        own-part             no        no     no      yes no    no        yes         yes
    recordParticipation        part-in-confidential no        no     no      -   no    no        yes         yes
    draftRecommendation        new                  no        no     no      yes yes   no        yes         yes
    upsertRecommendations      new                  no        no     no      yes yes   no        yes         yes
    upsertRecommendations      own-draft            no        no     -       yes -     -         yes         yes
    upsertRecommendations      discussed            no        no     no      yes yes   no        yes         yes
    upsertOrganizations        new                  no        no     no      no  no    no        yes         yes
    upsertOrganizations        organization         no        no     no      no  no    no        yes         yes
    upsertDocuments            new                  no        no     no      no  no    no        yes         yes
    upsertDocuments            document             no        no     no      no  no    no        yes         yes
    upsertMeetings             new                  no        no     no      no  no    no        yes         yes
    upsertMeetings             planned              no        no     no      no  no    no        yes         yes
    registerClient             new                  no        no     no      no  no    no        no          yes
    deactivateClient           client               no        no     no      no  no    no        no          yes
    issueToken                 client               no        no     no      no  no    no        no          yes
    revokeToken                client               no        no     no      no  no    no        no          yes
    registerWebhook            new                 no        no     no      no  no    no        no          yes
    rotateWebhookSecret        webhook              no        no     no      no  no    no        no          yes
    disableWebhook             webhook              no        no     no      no  no    no        no          yes
    enableWebhook              webhook              no        no     no      no  no    no        no          yes
    replayWebhook              webhook              no        no     no      no  no    no        no          yes
    testWebhook                webhook              no        no     no      no  no    no        no          yes
    linkExternalId             public-meeting       no        no     yes     yes yes   yes       yes         yes
    linkExternalId             confidential-meeting no        no     -       -   -     -         yes         yes
    linkExternalId             own-draft            no        no     -       yes -     -         yes         yes
    unlinkExternalId           the-secretariats     no        no     -       -   -     -         yes         yes
    reviseRecommendation       own-draft            no        no     -       yes -     -         yes         yes
    reviseRecommendation       discussed            no        no     no      yes yes   no        yes         yes
    setAddressees              own-draft            no        no     -       yes -     -         yes         yes
    setAddressees              discussed            no        no     no      yes yes   no        yes         yes
    openDiscussion             own-draft            no        no     -       yes -     -         yes         yes
    openDiscussion             returned             no        no     no      yes yes   no        yes         yes
    withdrawRecommendation     own-draft            no        no     -       yes -     -         yes         yes
    withdrawRecommendation     discussed            no        no     no      yes no    no        yes         yes
    openSilence                discussed            no        no     no      no  yes   no        yes         yes
    withdrawSilence            silence              no        no     no      no  yes   no        yes         yes
    statePosition              silence              no        no     no      yes no    no        yes         yes
    answerPosition             position             no        no     no      no  yes   no        yes         yes
    maintainPosition           answered-position    no        no     no      yes no    no        yes         yes
    withdrawPosition           position             no        no     no      yes no    no        yes         yes
    recordAgreement            discussed            no        no     no      no  yes   no        yes         yes
    recordNoConsensus          discussed            no        no     no      no  yes   no        yes         yes
    submitToExecutiveCommittee agreed               no        no     no      no  yes   no        yes         yes
    returnRecommendation       submitted            no        no     no      no  no    yes       yes         yes
    adoptRecommendation        submitted            no        no     no      no  no    yes       yes         yes
    recordAdoption             own-draft            no        no     -       no  -     -         yes         yes
    transmitRecommendation     adopted              no        no     no      no  no    yes       yes         yes
    supersedeRecommendation    adopted              no        no     no      no  no    yes       yes         yes
";

struct Row {
    field: &'static str,
    record: &'static str,
    cells: Vec<&'static str>,
}

fn rows(table: &'static str) -> Vec<Row> {
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let head = lines.find(|line| !line.is_empty()).expect("a head");
    assert_eq!(head[2..], VIEWERS);
    let rows = lines.filter(|line| !line.is_empty()).map(|line| {
        assert_eq!(line.len(), 2 + VIEWERS.len(), "{line:?}");
        Row { field: line[0], record: line[1], cells: line[2..].to_vec() }
    });
    rows.collect()
}

/// A root field with its first argument and that argument's type.
struct Root {
    name: String,
    argument: Option<(String, String)>,
}

async fn roots(app: &TestApp, kind: &str) -> Vec<Root> {
    let query =
        format!("{{ __schema {{ {kind} {{ fields {{ name args {{ name type {{ ofType {{ name }} }} }} }} }} }} }}");
    let data = app.anonymous().query(&query).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = data["__schema"][kind]["fields"].as_array().expect("fields").iter().map(|field| {
        let argument = field["args"].get(0).map(|one| (text(&one["name"]), text(&one["type"]["ofType"]["name"])));
        Root { name: text(&field["name"]), argument }
    });
    fields.collect()
}

fn viewers(app: &TestApp) -> [Client; 8] {
    [
        app.anonymous(),
        app.reader(),
        app.partner(records::ANOTHER),
        app.partner(records::OWN),
        app.partner(records::CHAIR),
        app.partner(records::COMMITTEE),
        app.secretariat(),
        app.admin(),
    ]
}

/// Notes a cell for which the table says something else than what happened.
fn compare(wrong: &mut Vec<String>, row: &Row, viewer: usize, got: &str) {
    let expected = row.cells[viewer];
    if expected != got {
        wrong.push(format!("{} on {}, for {}: {expected} expected, {got} got", row.field, row.record, VIEWERS[viewer]));
    }
}

fn code(body: &Value) -> Option<&str> {
    body["errors"][0]["extensions"]["code"].as_str()
}

async fn shown(client: &Client, root: &Root, id: &str) -> String {
    let name = &root.name;
    if name == "changes" {
        return if is_told(client, id).await { "yes" } else { "-" }.to_owned();
    }
    let (query, found): (String, fn(&Value) -> bool) = match root.argument.as_ref().map(|(name, _)| name.as_str()) {
        None if name == "webhooks" => ("{ webhooks { id } }".to_owned(), |it| it[0]["id"].is_string()),
        None if name == "clients" => ("{ clients { id } }".to_owned(), |it| it[0]["id"].is_string()),
        None if name == "agendaForMe" => (format!("{{ {name} {{ drafts {{ id }} }} }}"), |it| it["drafts"].is_array()),
        None if name == "feedHead" => ("{ feedHead }".to_owned(), Value::is_string),
        Some("types") => (format!("{{ {name} {{ hash }} }}"), |it| it[0]["hash"].is_string()),
        Some("type") => {
            let by = "type: MEETING, externalId: { sourceSystem: \"archive\", value: $id }";
            (format!("query($id: String!) {{ {name}({by}) {{ id }} }}"), |it| it["id"].is_string())
        }
        None => (format!("{{ {name} {{ role }} }}"), |it| it["role"].is_string()),
        Some("id") => (format!("query($id: ID!) {{ {name}(id: $id) {{ id }} }}"), |it| it["id"].is_string()),
        Some("ids") => (format!("query($id: ID!) {{ {name}(ids: [$id]) {{ id }} }}"), |it| it[0]["id"].is_string()),
        Some("reference") => {
            (format!("query($id: String!) {{ {name}(reference: $id) {{ number }} }}"), |it| it["number"].is_i64())
        }
        Some("by") => (format!("query($id: ID!) {{ {name}(by: {{ id: $id }}) {{ id }} }}"), |it| it["id"].is_string()),
        Some(_) => {
            let filter = "filter: { id: { eq: $id } }";
            let query = format!("query($id: ID!) {{ {name}({filter}) {{ totalCount nodes {{ id }} }} }}");
            (query, |it| it["totalCount"] == 1 && it["nodes"].as_array().is_some_and(|nodes| nodes.len() == 1))
        }
    };
    let variables = if query.contains("$id") { json!({ "id": id }) } else { json!({}) };
    let answer = client.send(&query, variables).await;
    match code(&answer.body) {
        Some("FORBIDDEN") => "no".to_owned(),
        Some(code) => code.to_owned(),
        None if found(&answer.body["data"][name]) => "yes".to_owned(),
        None => "-".to_owned(),
    }
}

/// Whether the feed tells a viewer of a record.
async fn is_told(client: &Client, id: &str) -> bool {
    let mut after = Value::Null;
    loop {
        let query = "query($after: String) { changes(after: $after, first: 500) { edges { recordId kind } endCursor upToDate } }";
        let page = client.query_with(query, json!({ "after": after })).await["changes"].take();
        if page["edges"]
            .as_array()
            .expect("edges")
            .iter()
            .any(|edge| edge["recordId"] == id && edge["kind"] != "ACCESS_LOST")
        {
            return true;
        }
        if page["upToDate"] == true {
            return false;
        }
        after = page["endCursor"].clone();
    }
}

async fn done(client: &Client, root: &Root, input: Value) -> String {
    let (name, (argument, kind)) = (&root.name, root.argument.as_ref().expect("an input"));
    let errors = "userErrors { code message path } change { cursor }";
    let selection = match name.as_str() {
        bulk if bulk.starts_with("upsert") => {
            "rows { outcome userErrors { code message path } } change { cursor }".to_owned()
        }
        link if link.ends_with("ExternalId") => format!("beside: externalId {{ id }} {errors}"),
        "testWebhook" => format!("beside: delivery {{ id }} {errors}"),
        webhook if webhook.contains("Webhook") => format!("beside: webhook {{ id }} {errors}"),
        client if client.ends_with("Client") => format!("beside: client {{ id }} {errors}"),
        token if token.ends_with("Token") => format!("beside: token {{ id }} {errors}"),
        _ => errors.to_owned(),
    };
    let mutation = format!("mutation($input: {kind}!) {{ {name}({argument}: $input) {{ {selection} }} }}");
    let answer = client.send(&mutation, json!({ "input": input })).await;
    match code(&answer.body) {
        Some("FORBIDDEN") => return "no".to_owned(),
        Some(code) => return code.to_owned(),
        None => {}
    }
    let payload = &answer.body["data"][name];
    let errors = payload["rows"][0].get("userErrors").unwrap_or(&payload["userErrors"]);
    match errors.as_array().expect("user errors").as_slice() {
        [] if payload["change"]["cursor"].is_string() || payload["beside"]["id"].is_string() => "yes".to_owned(),
        [] => "nothing changed".to_owned(),
        [error] if error["code"] == "NOT_FOUND" => "-".to_owned(),
        [error] if error["code"] == "FORBIDDEN" => "no".to_owned(),
        errors => json!(errors).to_string(),
    }
}

on_both_databases! {
    every_root_field_has_a_row_and_every_row_a_field,
    every_query_shows_what_the_table_says,
    every_mutation_does_what_the_table_says,
    a_rapporteur_edits_texts_but_records_nothing_for_the_chair,
}

async fn every_root_field_has_a_row_and_every_row_a_field(app: TestApp) {
    for (kind, table) in [("queryType", QUERY), ("mutationType", MUTATION)] {
        let fields: Vec<String> = roots(&app, kind).await.into_iter().map(|root| root.name).collect();
        let rows: Vec<&str> = rows(table).iter().map(|row| row.field).collect();
        let without_row: Vec<_> = fields.iter().filter(|field| !rows.contains(&field.as_str())).collect();
        let without_field: Vec<_> = rows.iter().filter(|row| !fields.iter().any(|field| field == *row)).collect();
        assert!(without_row.is_empty(), "say in the table of tests/it/access who may use {without_row:?}");
        assert!(without_field.is_empty(), "the schema has no {without_field:?}");
    }
}

async fn every_query_shows_what_the_table_says(app: TestApp) {
    let roots = roots(&app, "queryType").await;
    let setting = Setting::new(&app).await;
    let mut wrong = Vec::new();
    for row in rows(QUERY) {
        let root = roots.iter().find(|root| root.name == row.field).expect("a field");
        let id = setting.id(row.record).await;
        for (viewer, client) in viewers(&app).iter().enumerate() {
            compare(&mut wrong, &row, viewer, &shown(client, root, &id).await);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn every_mutation_does_what_the_table_says(app: TestApp) {
    let roots = roots(&app, "mutationType").await;
    let setting = Setting::new(&app).await;
    let mut wrong = Vec::new();
    for row in rows(MUTATION) {
        let root = roots.iter().find(|root| root.name == row.field).expect("a field");
        for (viewer, client) in viewers(&app).iter().enumerate() {
            let input = setting.input(row.field, row.record).await;
            compare(&mut wrong, &row, viewer, &done(client, root, input).await);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.parts_are_seen_with_their_records().await;
}

async fn a_rapporteur_edits_texts_but_records_nothing_for_the_chair(app: TestApp) {
    let setting = Setting::new(&app).await;
    let mandate = app.mandate("UNOCT", "WG-A", "RAPPORTEUR").await;
    let rapporteur = app.partner("UNOCT");
    let revision = setting.input("reviseRecommendation", "discussed").await;
    rapporteur.mutate("reviseRecommendation", revision, "id").await;
    let agreement = setting.input("recordAgreement", "discussed").await;
    assert_eq!(rapporteur.mutation_error("recordAgreement", agreement).await, "FORBIDDEN");
    let end = rec_tests::given::at_with(&mandate, json!({ "validTo": "2026-01-14" }));
    app.secretariat().mutate("endMandate", end, "id").await;
    let revision = setting.input("reviseRecommendation", "discussed").await;
    assert_eq!(rapporteur.mutation_error("reviseRecommendation", revision).await, "FORBIDDEN");
}
