//! What a client may have meant by a name that does not exist. Knows no schema.

/// The most names that are listed.
const MOST_LISTED: usize = 25;
/// For longer names nothing is suggested: the comparison would take its time.
const LONGEST: usize = 64;
/// The most names that are suggested.
const MOST_SUGGESTED: usize = 3;

/// A sentence with the known names that are similar to one, the most similar first; empty if there are none.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if name.len() > LONGEST {
        return String::new();
    }
    let farthest = name.chars().count() * 2 / 5 + 1;
    let lower = name.to_lowercase();
    let mut similar: Vec<(usize, &str)> = known
        .into_iter()
        .map(|known| (strsim::osa_distance(&lower, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= farthest)
        .collect();
    similar.sort_unstable();
    let similar: Vec<String> = similar.iter().take(MOST_SUGGESTED).map(|(_, known)| format!("\"{known}\"")).collect();
    match similar.as_slice() {
        [] => String::new(),
        [only] => format!(" Did you mean {only}?"),
        [first @ .., last] => format!(" Did you mean {} or {last}?", first.join(", ")),
    }
}

/// Names one after the other.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let listed: Vec<&str> = names.by_ref().take(MOST_LISTED).collect();
    let more = if names.next().is_some() { ", ..." } else { "" };
    format!("{}{more}", listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, listed};

    #[test]
    fn similar_names_are_suggested() {
        let known = ["title", "text", "status", "statusAt", "STATUS_AT", "adoptedOn"];
        for (name, said) in [
            ("titel", " Did you mean \"title\"?"),
            ("TITLE", " Did you mean \"title\"?"),
            ("statu", " Did you mean \"status\" or \"statusAt\"?"),
            ("nothing", ""),
            ("", ""),
            (&"title".repeat(20), ""),
        ] {
            assert_eq!(did_you_mean(name, known), said, "{name}");
        }
    }

    #[test]
    fn long_lists_end() {
        assert_eq!(listed(["a", "b"]), "a, b");
        assert!(listed(["a"; 26]).ends_with("a, ..."));
    }
}
