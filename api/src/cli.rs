//! The program `rec`: its commands, what they print, and their exit codes.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tokio::net::TcpListener;

use crate::app::{self, App, StartError};
use crate::auth::token::{Grant, issue};
use crate::auth::{Role, Viewer};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::service::organization::{OrganizationBy, find};
use crate::service::seed;
use crate::{graphql, telemetry};

/// The record of the Central Asia Regional Expert Council over GraphQL.
///
/// Without a command, `rec` serves: it creates its data directory, migrates the database, loads the public record if the
/// database is empty, and listens. Every option is also an environment variable.
#[derive(Parser, Debug)]
#[command(name = "rec", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the API (the default).
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Write data into the database.
    Seed {
        #[command(subcommand)]
        what: Seed,
    },
    /// Print the GraphQL schema.
    Schema,
    /// Print a token, signed with the service's own key.
    Token(TokenArgs),
    /// Ask a running service whether it is ready; for health checks.
    Health,
}

#[derive(Subcommand, Debug)]
enum Seed {
    /// The public record of the council. Adds what is missing, changes nothing that is there.
    Public,
    /// Demonstration recommendations in every state, marked `isDemo`. Loads the public record first.
    Demo,
    /// Synthetic volume, marked `isDemo`, for measurements. Loads the public record first.
    Scale {
        /// How many recommendations.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        recommendations: u32,
        /// How many meetings, with 4 organisers each [default: a tenth of the recommendations].
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        meetings: Option<u32>,
    },
}

#[derive(Args, Debug)]
struct TokenArgs {
    /// What the holder is to the service.
    #[arg(long, value_parser = role)]
    role: Role,
    /// The acronym of the organisation that a partner acts for.
    #[arg(long, value_name = "ACRONYM", required_if_eq("role", "partner"))]
    organization: Option<String>,
    /// How long the token is valid, such as 30m, 1h or 7days.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    expires_in: Duration,
}

fn role(name: &str) -> Result<Role, String> {
    match name {
        "reader" => Ok(Role::Reader),
        "partner" => Ok(Role::Partner),
        "secretariat" => Ok(Role::Secretariat),
        "admin" => Ok(Role::Admin),
        _ => Err("one of reader, partner, secretariat, admin".to_owned()),
    }
}

/// Why a command failed: one line for standard error.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{}", telemetry::chain(.0))]
    Service(#[from] Error),
    #[error("{0}")]
    Other(String),
}

/// Runs the program with its arguments and environment.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rec: {}", failure.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

async fn execute(Cli { config, command }: Cli) -> Result<(), Failure> {
    // reqwest asks for a process-wide default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match command.unwrap_or(Command::Serve) {
        Command::Serve => {
            telemetry::start(&config.log).map_err(Failure::Other)?;
            serve(config).await
        }
        Command::Migrate => {
            let databases = app::open_database(&config).await?;
            app::migrate(&databases).await?;
            println!("The schema is up to date.");
            Ok(())
        }
        Command::Seed { what } => seed(config, what).await,
        Command::Schema => {
            print!("{}", graphql::sdl());
            Ok(())
        }
        Command::Token(args) => token(config, args).await,
        Command::Health => health(&config).await,
    }
}

async fn serve(config: Config) -> Result<(), Failure> {
    let app = Arc::new(App::connect(config, Clock::System).await?);
    if seed::is_empty(&app).await? {
        seed::public::load(&app).await?;
    }
    let address = app.config.listen;
    let listener = TcpListener::bind(address).await.map_err(|cause| StartError::Listen { address, cause })?;
    let address = listener.local_addr().map_err(|cause| StartError::Listen { address, cause })?;
    println!("The council's API listens on http://{address}/graphql");
    println!("Explorer: http://{address}/");
    println!("Token:    {} token --role secretariat", program());
    app.serve(listener, stopped()).await.map_err(|error| Failure::Other(format!("serving failed: {error}")))
}

/// How this program was called.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "rec".to_owned())
}

/// Resolves when the process is asked to stop.
async fn stopped() {
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}

async fn seed(config: Config, what: Seed) -> Result<(), Failure> {
    let app = App::connect(config, Clock::System).await?;
    let public = seed::public::load(&app).await?;
    match what {
        Seed::Public => println!("The public record: {public} records added."),
        Seed::Demo => println!("Demonstration: {} records added.", seed::demo::load(&app).await?),
        Seed::Scale { recommendations, meetings } => {
            let meetings = meetings.unwrap_or(recommendations.div_ceil(10));
            seed::scale::load(&app, recommendations, meetings).await?;
            println!("Synthetic volume: {recommendations} recommendations and {meetings} meetings added.");
        }
    }
    Ok(())
}

async fn token(config: Config, args: TokenArgs) -> Result<(), Failure> {
    if args.organization.is_some() && args.role != Role::Partner {
        return Err(Failure::Other("--organization goes with --role partner".to_owned()));
    }
    let app = App::connect(config, Clock::System).await?;
    if let Some(acronym) = &args.organization {
        if seed::is_empty(&app).await? {
            seed::public::load(&app).await?;
        }
        let by = OrganizationBy::Acronym(acronym.clone());
        let known = find(&app.databases.read, &Viewer::system("token"), &by).await?;
        if known.is_none_or(|organization| !organization.active) {
            return Err(Failure::Other(format!("no active organisation has the acronym {acronym}")));
        }
    }
    let grant = Grant { role: args.role, organization: args.organization, valid_for: args.expires_in };
    let token = issue(app.keys.own(), &app.config.trust(), &grant, app.clock.uuid(), app.clock.now())?;
    println!("{token}");
    Ok(())
}

async fn health(config: &Config) -> Result<(), Failure> {
    let url = format!("http://{}/health/ready", config.listen);
    let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).no_proxy().build();
    let client = client.map_err(|error| Failure::Other(error.to_string()))?;
    let answer = client.get(&url).send().await.map_err(|_| Failure::Other(format!("{url} does not answer")))?;
    if answer.status().is_success() {
        println!("ready");
        Ok(())
    } else {
        Err(Failure::Other(format!("{url} answers {}", answer.status())))
    }
}
