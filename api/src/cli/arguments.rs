//! The arguments of `rec` and its commands, and their help. Runs nothing.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use entity::RecordType;
use entity::client::ClientRole;

use crate::backup::Tokens;
use crate::config::Config;
use crate::service::registry;

/// The register of the Central Asia Regional Expert Council over GraphQL.
///
/// Without a command, `rec` serves: it creates its data directory, migrates the database, loads the public register if the
/// database is empty, and listens. Every option is also an environment variable, which `--help` names.
#[derive(Parser, Debug)]
#[command(name = "rec", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub config: Config,
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// The arguments and the environment. The help of a command lists the options that concern it: the others are options of `serve`, and
    /// are taken before and after any command, so that one environment serves them all.
    pub fn read() -> Result<Self, clap::Error> {
        let mut program = Self::command();
        program.build();
        for command in program.get_subcommands_mut() {
            let options = options_of(command.get_name());
            hide_others(command, options);
        }
        Self::from_arg_matches_mut(&mut program.try_get_matches()?)
    }
}

/// The options of the configuration that concern a command; none if all do.
fn options_of(command: &str) -> Option<&'static [&'static str]> {
    match command {
        "serve" => None,
        "schema" | "mirror" => Some(&[]),
        "health" => Some(&["listen"]),
        "token" => Some(&["data_dir", "database_url", "jwt_issuer", "jwt_audience"]),
        "prune" => Some(&["data_dir", "database_url", "database_connections", "feed_days"]),
        "backup" | "restore" => Some(&["data_dir", "database_url"]),
        _ => Some(&["data_dir", "database_url", "database_connections"]),
    }
}

/// Hides other options of the configuration in the help of a command and of those below it.
fn hide_others(command: &mut clap::Command, options: Option<&[&str]>) {
    let Some(options) = options else { return };
    let is_other = |option: &clap::Arg| option.is_global_set() && !options.contains(&option.get_id().as_str());
    *command = std::mem::take(command).mut_args(|option| if is_other(&option) { option.hide(true) } else { option });
    for below in command.get_subcommands_mut() {
        hide_others(below, Some(options));
    }
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the API (the default).
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Write data into the database.
    #[command(arg_required_else_help = false)]
    Seed {
        #[command(subcommand)]
        what: Seed,
    },
    /// Delete what is too old: changes beyond what the feed keeps, answers stored under an Idempotency-Key after a day,
    /// deliveries of webhooks after 30 days, tokens 90 days after they have expired. A running service does this once a day.
    Prune,
    /// Print the register as lines of JSON. It is read with the permissions of the service itself, so confidential records are included.
    Export(ExportArgs),
    /// Write the lines of a file into the register, through the bulk writes. Each line is an organisation, a meeting, a
    /// recommendation or a document with its externalId or id. After an interruption, run it again: it continues where it stopped.
    Import(ImportArgs),
    /// Copy the embedded database to a file, complete and checked, while the service runs.
    Backup {
        /// The new file.
        to: PathBuf,
    },
    /// Replace the embedded database by a backup; the old database is kept under another name. Stop the service first.
    /// Tokens that were revoked since the backup stay revoked, and mirrors learn that they must read everything again.
    Restore(RestoreArgs),
    /// Give the change feed a new identity, after a restore that the service cannot notice, such as of a whole disk.
    /// Mirrors read everything again.
    RenewFeed {
        /// Also revoke all tokens of clients, because it is not known which were revoked since the backup.
        #[arg(long)]
        revoke_tokens: bool,
    },
    /// Keep a copy of what a token may see of another service's register, in a SQLite file: a reference for sync jobs.
    Mirror(MirrorArgs),
    /// Print the GraphQL schema.
    Schema,
    /// Print a token, signed with the service's own key.
    Token(TokenArgs),
    /// Ask a running service whether it is ready; for health checks.
    Health,
}

#[derive(Subcommand, Debug)]
pub enum Seed {
    /// Load the public register of the council into an empty database. Changes nothing that is there.
    Public,
    /// Demonstration recommendations in every state, marked `isDemo`. Loads the public register first.
    Demo,
    /// Synthetic volume, marked `isDemo`, for measurements. Loads the public register first.
    Scale {
        /// How many recommendations.
        #[arg(long, env = "REC_SEED_RECOMMENDATIONS", value_name = "N",
              value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        recommendations: u32,
        /// How many meetings, with 4 organisers each [default: a tenth of the recommendations].
        #[arg(long, env = "REC_SEED_MEETINGS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        meetings: Option<u32>,
    },
}

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The format of the lines.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,
    /// The types of records, such as MEETING,RECOMMENDATION [default: all].
    #[arg(long, value_delimiter = ',', value_name = "TYPES", value_parser = record_type)]
    pub types: Option<Vec<RecordType>>,
    /// A cursor of the change feed: print only what has changed since, and what is gone.
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    pub after: Option<String>,
}

#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file of lines, each a JSON object with a type and the fields of a row. `-` reads standard input.
    pub file: PathBuf,
    /// Check the lines, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Of standard input: how many lines an import that was interrupted has done. A file remembers this by itself.
    #[arg(long, value_name = "LINES", default_value_t = 0)]
    pub skip: u64,
}

#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The backup.
    pub from: PathBuf,
    /// What to do with the tokens that are valid in the backup. Required if the existing database cannot tell which were revoked since.
    #[arg(long, value_enum)]
    pub client_tokens: Option<Tokens>,
}

#[derive(Args, Debug)]
pub struct MirrorArgs {
    /// The service, such as `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// The file that holds the token. Without one, the mirror sees what everyone sees.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The copy, `sqlite://PATH`. It is created if there is none, and continued if there is one.
    #[arg(long, value_name = "URL")]
    pub into: String,
    /// Stop as soon as the copy is proved equal to the source.
    #[arg(long)]
    pub once: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// One JSON object per line.
    Ndjson,
}

fn record_type(name: &str) -> Result<RecordType, String> {
    registry::parse_type(name).ok_or_else(|| "no such type of records".to_owned())
}

#[derive(Args, Debug)]
pub struct TokenArgs {
    /// The role of the token's holder.
    #[arg(long, env = "REC_TOKEN_ROLE", value_parser = role)]
    pub role: ClientRole,
    /// The acronym of the organisation that a partner acts for.
    #[arg(long, env = "REC_TOKEN_ORGANIZATION", value_name = "ACRONYM", required_if_eq("role", "partner"))]
    pub organization: Option<String>,
    /// How long the token is valid, such as 30m, 1h or 7days; from one second to 90 days.
    #[arg(long, env = "REC_TOKEN_EXPIRES_IN", value_name = "TIME", default_value = "1h", value_parser = validity)]
    pub expires_in: Duration,
    /// The token may be valid for longer than 90 days.
    #[arg(long)]
    pub no_limit: bool,
}

fn role(name: &str) -> Result<ClientRole, String> {
    match name {
        "reader" => Ok(ClientRole::Reader),
        "partner" => Ok(ClientRole::Partner),
        "secretariat" => Ok(ClientRole::Secretariat),
        "admin" => Ok(ClientRole::Admin),
        _ => Err("one of reader, partner, secretariat, admin".to_owned()),
    }
}

fn validity(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time < Duration::from_secs(1) => Err("a token is valid for a second at least".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}
