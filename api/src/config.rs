//! The configuration: one struct, each option also an environment variable. The defaults run on SQLite with no file.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::auth::keys::JwksSource;
use crate::auth::token::Trust;

#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where the service keeps its signing key and, by default, its database.
    #[arg(long, env = "REC_DATA_DIR", default_value = Self::DATA_DIR, global = true, value_name = "DIRECTORY")]
    pub data_dir: PathBuf,

    /// The database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME` [default: rec.db in the data directory].
    #[arg(long, env = "REC_DATABASE_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// The most connections to PostgreSQL, or of readers to SQLite.
    #[arg(long, env = "REC_DATABASE_CONNECTIONS", default_value_t = 16, global = true, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_connections: u32,

    /// The address that the service listens on.
    #[arg(long, env = "REC_LISTEN", default_value = "127.0.0.1:8080", global = true, value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,

    /// The keys of the trusted issuer, a JSON Web Key Set: a file or an https address (http on this machine only). The service's own key is trusted as well.
    #[arg(long, env = "REC_JWKS", global = true, value_name = "FILE|URL")]
    pub jwks: Option<JwksSource>,

    /// The issuer (`iss`) that a token must name.
    #[arg(long, env = "REC_JWT_ISSUER", default_value = "rec", global = true, value_name = "NAME")]
    pub jwt_issuer: String,

    /// The audience (`aud`) that a token must name.
    #[arg(long, env = "REC_JWT_AUDIENCE", default_value = "rec-api", global = true, value_name = "NAME")]
    pub jwt_audience: String,

    /// What is logged, such as `info` or `rec_api=debug,sea_orm=info`. Logs go to standard error.
    #[arg(
        long,
        env = "REC_LOG",
        default_value = "info,sqlx=warn,sea_orm_migration=warn",
        global = true,
        value_name = "FILTER"
    )]
    pub log: String,
}

impl Config {
    /// The data directory unless another one is named.
    pub const DATA_DIR: &str = "data";

    /// The defaults, for a data directory; what an embedded installation and the tests start from.
    pub fn embedded(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            database_url: None,
            database_connections: 16,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            jwks: None,
            jwt_issuer: "rec".to_owned(),
            jwt_audience: "rec-api".to_owned(),
            log: "warn".to_owned(),
        }
    }

    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| format!("sqlite://{}", self.data_dir.join("rec.db").display()))
    }

    pub fn trust(&self) -> Trust {
        Trust { issuer: self.jwt_issuer.clone(), audience: self.jwt_audience.clone() }
    }
}
