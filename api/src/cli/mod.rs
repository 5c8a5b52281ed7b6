//! The program `rec`: its commands, what they print, and their exit codes. Holds no rules and no SQL: each command calls
//! the module that does the work.
#![expect(clippy::print_stderr, reason = "a program prints")]

mod arguments;

use std::io::{BufReader, IsTerminal as _, Write as _};
use std::num::NonZero;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use chrono::TimeDelta;
use entity::client::ClientRole;
use entity::id::OrganizationId;
use futures_util::TryStreamExt as _;

use self::arguments::{Cli, Command, ExportArgs, Format, ImportArgs, MirrorArgs, RestoreArgs, Seed, TokenArgs};
use crate::auth::Viewer;
use crate::backup::{self, BackupError, Restored, Sound};
use crate::clock::Clock;
use crate::config::{Config, Switch};
use crate::database::schema;
use crate::error::Error;
use crate::import::{self, ImportError, Report};
use crate::mirror::{self, Mirror, MirrorError, PROOF_PAUSE, Source};
use crate::server::{self, Server, StartError};
use crate::service::change::identity::{self, When};
use crate::service::client::issue_local_token;
use crate::service::client::revocations::{self, Revoked};
use crate::service::context::AppContext;
use crate::service::organization::{OrganizationBy, find};
use crate::service::{background, registry, seed, webhook};
use crate::{export, graphql, telemetry};

/// Why a command failed, in one line for standard error.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{}", telemetry::chain(.0))]
    Service(#[from] Error),
    #[error("{0}")]
    Import(#[from] ImportError),
    #[error("{0}")]
    Backup(#[from] BackupError),
    #[error("{0}")]
    Mirror(#[from] MirrorError),
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
    #[error("{0}")]
    Other(String),
}

/// The exit code of wrong options.
const WRONG_OPTIONS: u8 = 2;

/// Deep selections nest futures deeply, which takes stack. Memory is taken only as far as it is used.
const WORKER_STACK: usize = 8 * 1024 * 1024;

/// New documents may occupy all workers but one, so there are at least two, even on a machine of one core.
const FEWEST_WORKERS: usize = 2;

/// Runs the program with its arguments and environment, on a runtime of its own.
pub fn main() -> ExitCode {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if std::thread::available_parallelism().map_or(1, NonZero::get) < FEWEST_WORKERS {
        runtime.worker_threads(FEWEST_WORKERS);
    }
    match runtime.enable_all().thread_stack_size(WORKER_STACK).build() {
        Ok(runtime) => runtime.block_on(run()),
        Err(_) => ExitCode::FAILURE,
    }
}

async fn run() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("rec: {}; rec --help tells more", first_paragraph(&error.to_string()));
            return ExitCode::from(WRONG_OPTIONS);
        }
    };
    match execute(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rec: {}", failure.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// What is wrong with the options, in one line and without the usage text that follows.
fn first_paragraph(error: &str) -> String {
    let lines = error.trim_start_matches("error: ").lines().map(str::trim);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Writes to standard output. Its reader may stop reading, as `head` does.
fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes()).map(drop)
}

/// Returns whether there is still a reader.
fn print_bytes(bytes: &[u8]) -> Result<bool, Failure> {
    match std::io::stdout().write_all(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::Output(error)),
    }
}

async fn execute(Cli { config, command }: Cli) -> Result<(), Failure> {
    // reqwest needs a process-wide default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let for_people = std::io::stderr().is_terminal();
            telemetry::start(&config.log, std::io::stderr, for_people).map_err(Failure::Other)?;
            telemetry::log_panics();
            serve(config).await
        }
        Command::Migrate => {
            let databases = server::open_database(&config).await?;
            schema::migrate(&databases).await.map_err(StartError::from)?;
            print("The schema is up to date.\n")
        }
        Command::Seed { what } => seed(config, what).await,
        Command::Prune => {
            let app = server::connect(config, Clock::System).await?;
            let forgotten = background::prune(&app).await;
            app.close().await;
            for (what, count) in forgotten {
                print(&format!("Forgotten: {} {what}.\n", count?))?;
            }
            Ok(())
        }
        Command::Export(args) => export(config, args).await,
        Command::Import(args) => import(config, args).await,
        Command::Backup { to } => {
            let sound = backup::backup(&config, &to).await?;
            print(&format!("{}: {}.\n", to.display(), contents(&sound)))
        }
        Command::Restore(args) => restore(config, args).await,
        Command::RenewFeed { revoke_tokens } => renew_feed(config, revoke_tokens).await,
        Command::Mirror(args) => mirror(args).await,
        Command::Schema => print(&graphql::sdl()),
        Command::Token(args) => token(config, args).await,
        Command::Health => health(&config).await,
    }
}

/// Serves until the process is asked to stop. It prints its address once it can answer requests and hears the signal to stop.
async fn serve(config: Config) -> Result<(), Failure> {
    let mut stopped = Box::pin(stopped()?);
    let (app, server) = tokio::select! {
        // It can also be stopped while it waits for a database, or for another program that migrates it.
        () = &mut stopped => return Ok(()),
        started = start(config) => started?,
    };
    let address = server.address()?;
    let explorer = match app.config.explorer {
        Switch::On => format!("http://{address}/"),
        Switch::Off => "off".to_owned(),
    };
    print(&format!(
        "The council's API listens on http://{address}/graphql\nExplorer: {explorer}\nToken:    {}\n",
        token_command(&app.config)
    ))?;
    server.run(stopped).await;
    Ok(())
}

/// A server bound to its port, over a database that holds the public register.
async fn start(config: Config) -> Result<(Arc<AppContext>, Server), Failure> {
    let app = Arc::new(server::connect(config, Clock::System).await?);
    seed::public::load(&app).await?;
    webhook::seal_secrets(&app).await?;
    let server = Server::bind(Arc::clone(&app)).await?;
    Ok((app, server))
}

/// The command that prints a token which this service accepts: the program as it was called, with the options that matter for tokens.
fn token_command(config: &Config) -> String {
    let mut command = std::env::args().next().unwrap_or_else(|| "rec".to_owned());
    let usual = Config::embedded(Config::DATA_DIR.into());
    let directory = config.data_dir.display().to_string();
    for (option, value, usual) in [
        ("--data-dir", &directory, Config::DATA_DIR),
        ("--jwt-issuer", &config.jwt_issuer, &usual.jwt_issuer),
        ("--jwt-audience", &config.jwt_audience, &usual.jwt_audience),
    ] {
        if value != usual {
            command = format!("{command} {option} '{value}'");
        }
    }
    if let Some(url) = &config.database_url {
        // Who reads the log learns no password.
        let holds_password = url::Url::parse(url).is_ok_and(|url| url.password().is_some());
        let told = if holds_password { "\"$REC_DATABASE_URL\"".to_owned() } else { format!("'{url}'") };
        command = format!("{command} --database-url {told}");
    }
    format!("{command} token --role secretariat")
}

/// Listens for the signal to stop from this call on. The future resolves when the process is asked to stop.
#[cfg(unix)]
fn stopped() -> Result<impl Future<Output = ()> + Send, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let heard = |kind| signal(kind).map_err(|error| Failure::Other(format!("cannot hear signals: {error}")));
    let (mut interrupted, mut terminated) = (heard(SignalKind::interrupt())?, heard(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stopped() -> Result<impl Future<Output = ()> + Send, Failure> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

async fn seed(config: Config, what: Seed) -> Result<(), Failure> {
    let app = server::connect(config, Clock::System).await?;
    let public = seed::public::load(&app).await?;
    let done = match what {
        Seed::Public => format!("The public register: {public} records added.\n"),
        Seed::Demo => format!("Demonstration: {} records added.\n", seed::demo::load(&app).await?),
        Seed::Scale { recommendations, meetings } => {
            let meetings = meetings.unwrap_or(recommendations.div_ceil(10));
            seed::scale::load(&app, recommendations, meetings).await?;
            format!("Synthetic volume: {recommendations} recommendations and {meetings} meetings added.\n")
        }
    };
    print(&done)
}

async fn export(config: Config, ExportArgs { format, types, after }: ExportArgs) -> Result<(), Failure> {
    let Format::Ndjson = format;
    let app = Arc::new(server::connect(config, Clock::System).await?);
    let records = registry::published(types.as_deref());
    let mut lines = pin!(export::export(app, Viewer::system("export"), records, after));
    while let Some(lines) = lines.try_next().await? {
        if !print_bytes(&lines)? {
            break;
        }
    }
    Ok(())
}

async fn import(config: Config, ImportArgs { file, dry_run, skip }: ImportArgs) -> Result<(), Failure> {
    let is_stream = file.as_os_str() == "-";
    if skip > 0 && !is_stream {
        return Err(Failure::Other(
            "--skip is for standard input; a file that was interrupted goes on by itself".to_owned(),
        ));
    }
    let app = server::connect(config, Clock::System).await?;
    let complain = |line: String| eprintln!("{line}");
    let viewer = Viewer::system("import");
    let done = if is_stream {
        let done = Arc::new(AtomicU64::new(skip));
        tokio::spawn(interrupt(stopped()?, Arc::clone(&done), dry_run));
        import::import_lines(&app, &viewer, BufReader::new(std::io::stdin()), &done, dry_run, complain).await?
    } else {
        import::import(&app, &viewer, &file, dry_run, complain).await?
    };
    app.close().await;
    let Report { created, updated, unchanged, failed } = done;
    let would = if dry_run { "Dry run: nothing is written. " } else { "" };
    print(&format!("{would}{created} created, {updated} updated, {unchanged} unchanged, {failed} failed.\n"))?;
    match failed {
        0 => Ok(()),
        1 => Err(Failure::Other("a line has failed".to_owned())),
        _ => Err(Failure::Other(format!("{failed} lines have failed"))),
    }
}

/// Ends the process when it is asked to stop, whether or not it waits for standard input, and says how many lines are done.
async fn interrupt(stopped: impl Future<Output = ()>, done: Arc<AtomicU64>, dry_run: bool) {
    stopped.await;
    let interrupted = ImportError::interrupted(done.load(Relaxed), dry_run, "it was interrupted".to_owned());
    eprintln!("rec: {interrupted}");
    std::process::exit(130)
}

/// What a database file holds, in words.
fn contents(Sound { size, changes, last }: &Sound) -> String {
    let last = last.as_ref().map(|at| format!(", the last one of {at}")).unwrap_or_default();
    format!("{} KB, {changes} changes{last}", size.div_ceil(1000))
}

async fn restore(config: Config, RestoreArgs { from, client_tokens }: RestoreArgs) -> Result<(), Failure> {
    let Restored { from, revoked, replaced } = backup::restore(config, Clock::System, &from, client_tokens).await?;
    print(&format!("Restored: {}.\n", contents(&from)))?;
    print(&summary(revoked))?;
    if let Some(replaced) = replaced {
        print(&format!("What was there before: {}\n", replaced.display()))?;
    }
    print("The feed has a new identity: mirrors read everything again.\n")
}

fn summary(Revoked { tokens, clients }: Revoked) -> String {
    format!("Revoked in it: {tokens} tokens; no longer active: {clients} clients.\n")
}

async fn renew_feed(config: Config, revoke_tokens: bool) -> Result<(), Failure> {
    if let Some(missing) = backup::file_of(&config).ok().filter(|file| !file.is_file()) {
        return Err(BackupError::Missing(missing).into());
    }
    let app = server::connect(config, Clock::System).await?;
    identity::renew(&app.databases, &app.clock, When::Always).await?;
    let revoked = if revoke_tokens { Some(revocations::revoke_all(&app).await?) } else { None };
    app.close().await;
    revoked.map_or(Ok(()), |revoked| print(&summary(revoked)))?;
    print("The feed has a new identity: mirrors read everything again.\n")
}

async fn mirror(MirrorArgs { from, token_file, into, once }: MirrorArgs) -> Result<(), Failure> {
    let stopped = stopped()?;
    let source = Source::new(&from, token_file)?;
    let mirror = Mirror::open(&into).await?;
    let say = |line: String| drop(print(&format!("{line}\n")));
    let pause = (!once).then_some(PROOF_PAUSE);
    tokio::select! {
        kept = mirror::keep(&source, &mirror, pause, say) => Ok(kept?),
        () = stopped => Ok(()),
    }
}

async fn token(config: Config, args: TokenArgs) -> Result<(), Failure> {
    let TokenArgs { role, organization, expires_in, no_limit } = args;
    if organization.is_some() && role != ClientRole::Partner {
        return Err(Failure::Other("--organization goes with --role partner".to_owned()));
    }
    let valid_for = TimeDelta::from_std(expires_in).map_err(|error| Failure::Other(error.to_string()))?;
    let app = server::connect(config, Clock::System).await?;
    let organization = match &organization {
        Some(acronym) => Some(active_organization(&app, acronym).await?),
        None => None,
    };
    let issued = issue_local_token(&app, role, organization, valid_for, no_limit).await?;
    app.close().await;
    print(&format!("{}\n", issued.token))
}

/// The active organisation with an acronym. A new installation knows the organisations of the public register.
async fn active_organization(app: &AppContext, acronym: &str) -> Result<OrganizationId, Failure> {
    seed::public::load(app).await?;
    let by = OrganizationBy::Acronym(acronym.to_owned());
    let known = find(&app.databases.read, &Viewer::system("token"), &by).await?;
    let active = known.filter(|organization| organization.active).map(|organization| organization.id);
    active.ok_or_else(|| Failure::Other(format!("no active organisation has the acronym {acronym}")))
}

async fn health(config: &Config) -> Result<(), Failure> {
    let url = format!("http://{}/health/ready", config.listen);
    let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).no_proxy().build();
    let client = client.map_err(|error| Failure::Other(error.to_string()))?;
    let answer = client.get(&url).send().await.map_err(|_| Failure::Other(format!("{url} does not answer")))?;
    if answer.status().is_success() {
        print("ready\n")
    } else {
        Err(Failure::Other(format!("{url} answers {}", answer.status())))
    }
}
