//! The documents are true: every GraphQL example runs and gets the answer shown, commands of the README can be pasted, and links lead
//! somewhere. `REC_UPDATE_EXAMPLES=1` writes the answers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use async_graphql::{Name, Value};
use rec_api::auth::Role;
use rec_api::service::seed::demo;
use rec_tests::program::{self, Serving};
use rec_tests::{TestApp, on_both_databases};
use serde_json::json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The documents of a directory, sorted by name.
fn documents_in(directory: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let documents: BTreeSet<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    documents.into_iter().collect()
}

/// The code blocks of a text in a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    text.split(begin.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

on_both_databases! {
    the_examples_answer_as_shown,
    a_text_goes_its_way_with_curl,
}

async fn the_examples_answer_as_shown(app: TestApp) {
    let mut examples = 0;
    for path in documents_in("docs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut rewritten = String::new();
        let mut rest = text.as_str();
        while let Some(start) = rest.find("```graphql\n") {
            let (before, from) = rest.split_at(start);
            let document = &from["```graphql\n".len()..];
            let document = &document[..document.find("```").unwrap()];
            let after = &from["```graphql\n".len() + document.len() + "```\n".len()..];
            let answer = pretty(&answer(&app, before, document).await);
            let (shown, after) = shown_answer(after);
            if std::env::var_os("REC_UPDATE_EXAMPLES").is_none() {
                assert_eq!(shown, Some(answer.as_str()), "{document}\nREC_UPDATE_EXAMPLES=1 writes the answers anew");
            }
            rewritten.push_str(before);
            rewritten.extend(["```graphql\n", document, "```\n\n```json\n", &answer, "```\n"]);
            rest = after;
            examples += 1;
        }
        rewritten.push_str(rest);
        if std::env::var_os("REC_UPDATE_EXAMPLES").is_some() {
            std::fs::write(path, rewritten).unwrap();
        }
    }
    assert!(examples >= 9, "{examples}");
}

/// As its reader would do it, in a directory of its own, with the program that the tests have built.
#[test]
fn what_stands_in_the_readme_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(&mut program::command(&data));
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = blocks(&readme, "sh");
    let blocks: Vec<String> =
        blocks.iter().map(|block| block.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", serving.port))).collect();
    let [_, read, write, follow, mirror] = blocks.as_slice() else {
        panic!("two commands; read, write, follow, mirror")
    };
    // The write is repeated until the subscription has received it.
    let script = format!(
        "set -euo pipefail\ncargo() {{ shift 3; \"$REC\" \"$@\"; }}\n{read}{write}\n{} > followed &\nfollower=$!\n\
         until grep -q 'event: next' followed; do\n{write}\nsleep 0.2\ndone\nkill $follower\ncat followed\n{mirror}",
        follow.trim_end()
    );
    let mut bash = program::configured(Command::new("bash"), &data);
    bash.args(["-c", &script]).current_dir(folder.path()).env("REC", program::path());
    let output = program::run(&mut bash);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for expected in ["\"label\":\"DEMO/", "\"status\":\"DRAFT\"", "event: next", "Equal: "] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(!said.contains("\"errors\""), "{said}");
}

#[test]
fn commands_in_other_documents_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(&mut program::command(&data));
    let pasted = ["examples.md", "mirror.md"].iter().flat_map(|name| {
        let document = std::fs::read_to_string(root().join("docs").join(name)).unwrap();
        blocks(&document, "sh").into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    let clients = std::fs::read_to_string(root().join("docs/clients.md")).unwrap();
    let conditional = blocks(&clients, "sh").into_iter().find(|block| block.contains("If-None-Match"));
    let pasted: Vec<String> = pasted.chain(conditional.map(str::to_owned)).collect();
    assert!(pasted.len() >= 5, "{pasted:?}");
    let script = format!("set -euo pipefail\ncargo() {{ shift 3; \"$REC\" \"$@\"; }}\n{}", pasted.join("\necho\n"));
    let script = script.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", serving.port));
    let mut bash = program::configured(Command::new("bash"), &data);
    bash.args(["-c", &script]).current_dir(folder.path()).env("REC", program::path());
    let output = program::run(&mut bash);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for expected in
        ["\"workingGroups\"", "\"role\":\"SECRETARIAT\"", "\"upToDate\":true", "Equal: ", " 304 Not Modified"]
    {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert!(!said.contains("\"errors\""), "{said}");
}

/// The commands of `procedure.md`, with three days between two of its blocks.
async fn a_text_goes_its_way_with_curl(app: TestApp) {
    let (folder, port) = (tempfile::tempdir().unwrap(), app.serve().await);
    let document = std::fs::read_to_string(root().join("docs/procedure.md")).unwrap();
    let blocks = blocks(&document, "sh");
    assert_eq!(blocks.len(), 4);
    let mut said = Vec::new();
    for (number, block) in blocks.into_iter().enumerate() {
        if number == 2 {
            app.app.clock.advance(chrono::TimeDelta::hours(72));
        }
        let script = format!(
            "set -euo pipefail; touch state; source ./state\n\
             cargo() {{ case \"$*\" in *partner*) echo $AS_PARTNER;; *) echo $AS_SECRETARIAT;; esac; }}\n\
             date() {{ echo $TODAY; }}\n{block}\n\
             {{ declare -p TOKEN GROUP COMMITTEE OSCE MEETING TEXT PROCEDURE 2>/dev/null || true; declare -f ask value draft || true; }} > state"
        );
        let mut bash = Command::new("bash");
        bash.args(["-c", &script.replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"))]).current_dir(folder.path());
        bash.env("AS_SECRETARIAT", app.token(Role::Secretariat, None)).env("TODAY", app.app.clock.today().to_string());
        bash.env("AS_PARTNER", app.token(Role::Partner, Some("OSCE")));
        let output = tokio::task::spawn_blocking(move || program::run(&mut bash)).await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !told.contains("\"message\""), "block {number}: {told}");
        said.push(told);
    }
    for (block, expected) in [
        (1, "\"status\":\"UNDER_SILENCE\",\"procedures\":[{\"deadline\":\"2026-01-18T04:00:00.000000+00:00\""),
        (2, "\"outcome\":\"ADOPTED\",\"closedAt\":\"2026-01-18T04:00:00.000000+00:00\""),
        (2, "\"label\":\"REC/WG-A/2026/1\",\"status\":\"ADOPTED\""),
        (3, "\"procedure\":{\"outcome\":\"BROKEN\"}"),
        (3, "\"state\":\"WITHDRAWN\",\"answer\":\"It begins next year.\""),
        (3, "\"status\":\"AGREED_IN_GROUP\""),
    ] {
        assert!(said[block].contains(expected), "{expected}\n{}", said[block]);
    }
}

#[test]
fn the_readme_is_short() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (lines, words) = (readme.lines().count(), readme.split_whitespace().count());
    assert!(lines <= 200 && words <= 1000, "{lines} lines, {words} words");
}

/// The anchor of a heading in a link.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let letters = heading.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    letters.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn leads_somewhere(from: &Path, link: &str) -> bool {
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let target = if path.is_empty() { from.to_owned() } else { from.parent().unwrap().join(path) };
    heading.map_or_else(
        || target.exists(),
        |heading| {
            let text = std::fs::read_to_string(&target).unwrap_or_default();
            text.lines().any(|line| line.starts_with('#') && anchor(line) == heading)
        },
    )
}

#[test]
fn links_lead_somewhere() {
    let documents: Vec<PathBuf> = [".", "docs", "findings"].into_iter().flat_map(documents_in).collect();
    let mut links = 0;
    for path in documents {
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            links += 1;
            let is_elsewhere = link.starts_with("https://");
            assert!(is_elsewhere || leads_somewhere(&path, link), "{}: {link}", path.display());
        }
    }
    assert!(links > 30, "{links}");
    assert!(!leads_somewhere(&root().join("README.md"), "docs/nowhere.md"));
    assert!(!leads_somewhere(&root().join("README.md"), "docs/errors.md#nowhere"));
}

async fn answer(app: &TestApp, before: &str, document: &str) -> Value {
    let marks = before.trim_end();
    if marks.ends_with("<!-- after: rec seed demo -->") {
        demo::load(&app.app).await.unwrap();
    }
    let secretariat = marks.ends_with("<!-- as: secretariat -->");
    let client = if secretariat { app.secretariat() } else { app.anonymous() };
    let document = document.replace("BODY_ID", &app.body("WG-A").await);
    let answer = client.send(&document, json!({})).await.text;
    // Unlike serde's JSON values, this one keeps the order of the answer.
    masked("", serde_json::from_str(&answer).unwrap())
}

/// The JSON block that follows an example, and the text after it.
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

/// Small objects on one line, larger ones with one field per line.
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
