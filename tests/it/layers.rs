//! The law of dependencies: which module of the service may name which.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The modules of `api/src`, from the top to the lowest, and what each names: only what stands below it.
const LAW: [(&str, &[&str]); 19] = [
    ("main", &["cli"]),
    (
        "cli",
        &[
            "auth",
            "backup",
            "clock",
            "config",
            "database",
            "error",
            "export",
            "graphql",
            "import",
            "mirror",
            "server",
            "service",
            "telemetry",
        ],
    ),
    ("backup", &["clock", "config", "database", "error", "server", "service", "telemetry"]),
    ("server", &["auth", "clock", "config", "database", "error", "http", "service", "telemetry"]),
    (
        "http",
        &["auth", "config", "database", "digest", "error", "export", "graphql", "service", "telemetry", "unicode"],
    ),
    ("graphql", &["auth", "domain", "error", "export", "service"]),
    ("export", &["auth", "database", "domain", "error", "service", "unicode"]),
    ("import", &["auth", "database", "domain", "error", "service", "telemetry", "unicode"]),
    ("mirror", &["database", "unicode"]),
    ("service", &["auth", "clock", "config", "database", "domain", "error", "telemetry"]),
    ("telemetry", &["database", "error"]),
    ("auth", &["config", "domain", "error", "unicode"]),
    ("error", &["domain"]),
    ("config", &["digest", "unicode"]),
    ("domain", &[]),
    ("database", &[]),
    ("clock", &[]),
    ("digest", &[]),
    ("unicode", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a directory and of its subdirectories.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Splits the text in braces at its own commas.
fn listed(group: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut listed) = (0, 0, Vec::new());
    for (index, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                listed.push(&group[begin..index]);
                return listed;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                listed.push(&group[begin..index]);
                begin = index + 1;
            }
            _ => {}
        }
    }
    panic!("a group without an end: {group}");
}

/// The modules that a text names by their path from the root of its crate, with line numbers.
fn named<'a>(text: &'a str, root: &str) -> Vec<(usize, &'a str)> {
    let word = |path: &'a str| {
        let path = path.trim_start();
        path.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or_default()
    };
    let paths = text.match_indices(root).flat_map(|(index, _)| {
        let (line, rest) = (text[..index].lines().count(), &text[index + root.len()..]);
        let paths = rest.strip_prefix('{').map_or_else(|| vec![rest], listed);
        paths.into_iter().map(move |path| (line, word(path)))
    });
    paths.filter(|(_, module)| !module.is_empty()).collect()
}

/// The part of a file that is compiled into the service.
fn source(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// The place where a module names another one.
struct Edge {
    from: String,
    to: String,
    place: String,
}

/// The edges between the modules of a directory, which others name by `name`.
fn edges(directory: &Path, name: &str) -> Vec<Edge> {
    let mut edges = Vec::new();
    for path in files(directory).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
        let within = path.strip_prefix(directory).unwrap();
        let from = within.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let text = source(&path);
        // The program names the library by its name; other modules also name the root by `super::`.
        let depth = within.iter().filter(|part| *part != "mod.rs").count();
        let by_name = named(&text, if from == "main" { "rec_api::" } else { name });
        for (line, to) in by_name.into_iter().chain(named(&text, &"super::".repeat(depth))) {
            // A name with a capital is an item of the root.
            if to != from && to != "super" && to.starts_with(|letter: char| letter.is_ascii_lowercase()) {
                let place = format!("{}:{line}", within.display());
                edges.push(Edge { from: from.to_owned(), to: to.to_owned(), place });
            }
        }
    }
    edges
}

/// The edges that are part of a circle.
fn circle(mut edges: Vec<Edge>) -> Vec<Edge> {
    loop {
        let before = edges.len();
        let from: BTreeSet<String> = edges.iter().map(|edge| edge.from.clone()).collect();
        edges.retain(|edge| from.contains(&edge.to));
        let to: BTreeSet<String> = edges.iter().map(|edge| edge.to.clone()).collect();
        edges.retain(|edge| to.contains(&edge.from));
        if edges.len() == before {
            return edges;
        }
    }
}

fn listed_edges<'a>(edges: impl IntoIterator<Item = &'a Edge>) -> String {
    let lines = edges.into_iter().map(|Edge { from, to, place }| format!("{place}: {from} names {to}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn modules_name_what_the_law_lets_them_name() {
    let may = |module: &str, other: &str| {
        LAW.iter().any(|(name, others)| *name == module && others.contains(&other)) || module == "lib"
    };
    let (lawful, unlawful): (Vec<Edge>, Vec<Edge>) =
        edges(&root().join("api/src"), "crate::").into_iter().partition(|edge| may(&edge.from, &edge.to));
    assert!(unlawful.is_empty(), "{}", listed_edges(&unlawful));
    let named: BTreeSet<(&str, &str)> = lawful.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    let idle = LAW.iter().flat_map(|(module, others)| others.iter().map(|other| (*module, *other)));
    let idle: Vec<(&str, &str)> = idle.filter(|edge| !named.contains(edge)).collect();
    assert!(idle.is_empty(), "the law lets nobody name: {idle:?}");
}

#[test]
fn the_edge_names_no_sql() {
    for layer in ["graphql", "http"] {
        for path in files(&root().join("api/src").join(layer)) {
            let text = source(&path);
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            assert!(!code.clone().any(|line| line.contains("sea_orm") || line.contains("sqlx")), "{}", path.display());
        }
    }
}

#[test]
fn the_law_has_one_direction() {
    for (place, (module, others)) in LAW.iter().enumerate() {
        for other in *others {
            let below = LAW.iter().position(|(name, _)| name == other);
            assert!(below.is_some_and(|below| below > place), "{module} names {other}, which does not stand below it");
        }
    }
    let modules = files(&root().join("api/src")).into_iter().map(|path| {
        let within = path.strip_prefix(root().join("api/src")).unwrap().to_owned();
        within.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
    });
    let modules: BTreeSet<String> = modules.filter(|module| module != "lib").collect();
    let of_law: BTreeSet<String> = LAW.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(modules, of_law);
}

/// The topics of `graphql` that name each other: a meeting shows its body, and a body its meetings.
const OBJECT_GRAPH: [&str; 11] = [
    "body",
    "consensus",
    "country",
    "document",
    "instrument",
    "mandate",
    "meeting",
    "organization",
    "recommendation",
    "source",
    "theme",
];

#[test]
fn topics_of_a_layer_name_each_other_in_no_circle() {
    for layer in ["domain", "service", "http", "graphql"] {
        let mut edges = edges(&root().join("api/src").join(layer), &format!("crate::{layer}::"));
        let shown = |topic: &String| layer == "graphql" && OBJECT_GRAPH.contains(&topic.as_str());
        // The module that composes a layer names all of its topics.
        edges.retain(|edge| edge.from != "mod" && !(shown(&edge.from) && shown(&edge.to)));
        assert!(!edges.is_empty(), "{layer}");
        let from_the_floor: Vec<&Edge> =
            edges.iter().filter(|edge| edge.from == "context" && edge.to != "webhook_sender").collect();
        assert!(from_the_floor.is_empty(), "{}", listed_edges(from_the_floor));
        let circle = circle(edges);
        assert!(circle.is_empty(), "{layer}:\n{}", listed_edges(&circle));
    }
}

#[test]
fn a_circle_is_seen_with_what_leads_around_it() {
    let edge = |&(from, to): &(&str, &str)| Edge { from: from.to_owned(), to: to.to_owned(), place: String::new() };
    let all = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("x", "a")];
    let circle = circle(all.iter().map(edge).collect());
    let circle: Vec<(&str, &str)> = circle.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    assert_eq!(circle, [("b", "c"), ("c", "b")]);
}

#[test]
fn the_floor_depends_on_nothing_of_ours() {
    for package in ["entity", "migration"] {
        let manifest = std::fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
        let is_ours = |line: &str| ["entity", "migration", "rec-"].iter().any(|ours| line.starts_with(ours));
        assert!(!dependencies.lines().any(is_ours), "{dependencies}");
    }
}

#[test]
fn an_edge_is_seen_however_it_is_written() {
    let text =
        "use crate::{http::{self, listen}, service};\nuse crate::app::App;\nlet server = $crate::server::open();\n";
    assert_eq!(named(text, "crate::"), [(1, "http"), (1, "service"), (2, "app"), (3, "server")]);
}
