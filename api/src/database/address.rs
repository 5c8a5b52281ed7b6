//! What the address of a database may contain, and what is shown of it. It connects to nothing.

use sea_orm::sqlx::postgres::PgConnectOptions;

/// Refuses what sqlx would ignore, or take for the name of one host, and what it cannot read: its own message would show the password.
pub fn check(url: &str) -> Result<(), &'static str> {
    if url.starts_with("sqlite:") {
        return Ok(());
    }
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
        return Err("it begins neither with sqlite: nor with postgres://");
    };
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let hosts = place.split('/').next().and_then(|authority| authority.rsplit('@').next()).unwrap_or_default();
    let named = |name: &str| options.split('&').filter_map(|option| option.split_once('=')).find(|one| one.0 == name);
    let several = |hosts: &str| hosts.contains(',') || hosts.to_ascii_lowercase().contains("%2c");
    if several(hosts) || ["host", "hostaddr"].into_iter().filter_map(named).any(|(_, hosts)| several(hosts)) {
        return Err("several hosts are not asked in turn");
    }
    if named("target_session_attrs").is_some_and(|(_, wanted)| wanted != "any") {
        return Err("target_session_attrs is not asked of a server");
    }
    let is_readable = url.parse::<PgConnectOptions>().is_ok();
    is_readable.then_some(()).ok_or("it cannot be read; is every special character of the password written as %XX?")
}

/// The addresses of the replicas of a database, if they may be that.
pub fn replicas(urls: &[String], database: &str) -> Result<Vec<String>, &'static str> {
    let urls: Vec<String> = urls.iter().map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()).collect();
    if !urls.is_empty() && (database.starts_with("sqlite:") || urls.iter().any(|url| url.starts_with("sqlite:"))) {
        return Err("a SQLite database has no replicas");
    }
    for (index, url) in urls.iter().enumerate() {
        check(url)?;
        if url == database || urls[..index].contains(url) {
            return Err("an address is named twice");
        }
    }
    Ok(urls)
}

/// A database's address without the user and the password.
pub fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let place = rest.split('?').next().unwrap_or_default();
    format!("{scheme}://{}", place.rsplit_once('@').map_or(place, |(_, place)| place))
}
