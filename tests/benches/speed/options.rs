//! What a run is asked for: which parts of the table, and which revision to compare them with. Nothing else reads the arguments.

/// A part that takes so long that it must be named.
const LONG: &str = "million";
/// The other parts of the table, in the order in which they are measured.
const PARTS: [&str; 11] =
    ["hand", "endpoint", "lists", "consensus", "records", "pages", "sync", "program", "followers", "points", "beside"];

pub struct Options {
    /// All of them, unless some are named.
    pub parts: Vec<&'static str>,
    pub against: Option<String>,
}

impl Options {
    /// The options that arguments stand for, or what is wrong with them.
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut named, mut against) = (Vec::new(), None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo says so to every bench.
                "--bench" => {}
                "--against" => against = Some(arguments.next().and_then(revision).ok_or("--against needs a revision")?),
                part => named.push(known(part)?),
            }
        }
        let parts = PARTS.into_iter().filter(|part| named.is_empty() || named.contains(part));
        let parts = parts.chain(named.contains(&LONG).then_some(LONG)).collect();
        Ok(Self { parts, against })
    }

    pub fn is_wanted(&self, part: &str) -> bool {
        self.parts.contains(&part)
    }
}

/// What git would not take for an option.
fn revision(argument: String) -> Option<String> {
    (!argument.is_empty() && !argument.starts_with('-')).then_some(argument)
}

fn known(part: &str) -> Result<&'static str, String> {
    let known = PARTS.into_iter().chain([LONG]).find(|known| *known == part);
    known.ok_or_else(|| format!("`{part}` is none of the parts {}, {LONG}, nor --against REV", PARTS.join(", ")))
}
