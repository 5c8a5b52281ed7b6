//! Every GraphQL example of the README runs, and answers what the README says. `REC_UPDATE_README=1` writes the answers.

use async_graphql::{Name, Value};
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

on_both_databases! {
    async fn the_examples_answer_as_shown(app: TestApp) {
        let readme = std::fs::read_to_string(PATH).unwrap();
        let mut rewritten = String::new();
        let mut rest = readme.as_str();
        let mut examples = 0;
        while let Some(start) = rest.find("```graphql\n") {
            let (before, from) = rest.split_at(start);
            let document = &from["```graphql\n".len()..];
            let document = &document[..document.find("```").unwrap()];
            let after = &from["```graphql\n".len() + document.len() + "```\n".len()..];
            let answer = pretty(&answer(&app, before, document).await);
            let (shown, after) = shown_answer(after);
            if std::env::var_os("REC_UPDATE_README").is_none() {
                assert_eq!(shown, Some(answer.as_str()), "{document}\nREC_UPDATE_README=1 writes the answers anew");
            }
            rewritten.push_str(before);
            rewritten.extend(["```graphql\n", document, "```\n\n```json\n", &answer, "```\n"]);
            rest = after;
            examples += 1;
        }
        rewritten.push_str(rest);
        assert!(examples >= 7, "five queries and two mutations");
        if std::env::var_os("REC_UPDATE_README").is_some() {
            std::fs::write(PATH, rewritten).unwrap();
        }
    }
}

async fn answer(app: &TestApp, before: &str, document: &str) -> Value {
    let secretariat = before.trim_end().ends_with("<!-- as: secretariat -->");
    let client = if secretariat { app.secretariat() } else { app.anonymous() };
    let document = document.replace("BODY_ID", &app.body("WG-A").await);
    let answer = client.send(&document, json!({})).await.text;
    // Unlike JSON values of serde, this one keeps the order of the answer.
    masked("", serde_json::from_str(&answer).unwrap())
}

/// The JSON block that follows an example, and what comes after it.
fn shown_answer(after: &str) -> (Option<&str>, &str) {
    match after.strip_prefix("\n```json\n") {
        Some(block) => {
            let end = block.find("```\n").unwrap();
            (Some(&block[..end]), &block[end + "```\n".len()..])
        }
        None => (None, after),
    }
}

/// Ids and cursors differ from one installation to the next.
fn masked(key: &str, value: Value) -> Value {
    match value {
        Value::String(_) if key.to_lowercase().ends_with("cursor") => Value::from("…"),
        Value::String(id) if key == "id" => format!("{}_…", id.split('_').next().unwrap_or_default()).into(),
        Value::List(values) => Value::List(values.into_iter().map(|value| masked(key, value)).collect()),
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(key, value): (Name, Value)| (key.clone(), masked(&key, value))).collect(),
        ),
        value => value,
    }
}

/// Small objects on a line, larger ones with a field a line.
fn pretty(value: &Value) -> String {
    fn write(value: &Value, indent: usize, out: &mut String) {
        let line = serde_json::to_string(value).unwrap();
        let line = line.replace("\":", "\": ").replace(",\"", ", \"").replace("},{", "}, {");
        if line.chars().count() + indent <= 118 {
            out.push_str(&line);
            return;
        }
        let inner = " ".repeat(indent + 2);
        match value {
            Value::Object(fields) => {
                out.push_str("{\n");
                for (index, (key, value)) in fields.iter().enumerate() {
                    out.extend([&inner, "\"", key.as_str(), "\": "]);
                    write(value, indent + 2, out);
                    out.push_str(if index + 1 < fields.len() { ",\n" } else { "\n" });
                }
                out.extend([&" ".repeat(indent), "}"]);
            }
            Value::List(values) => {
                out.push_str("[\n");
                for (index, value) in values.iter().enumerate() {
                    out.push_str(&inner);
                    write(value, indent + 2, out);
                    out.push_str(if index + 1 < values.len() { ",\n" } else { "\n" });
                }
                out.extend([&" ".repeat(indent), "]"]);
            }
            _ => out.push_str(&line),
        }
    }
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}
