//! What the address of a database may contain, and what is shown of it. It connects to nothing.

/// Refuses what sqlx would ignore, or take for the name of one host.
pub fn check(url: &str) -> Result<(), &'static str> {
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
        return Ok(());
    };
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let hosts = place.split('/').next().and_then(|authority| authority.rsplit('@').next()).unwrap_or_default();
    let named = |name: &str| options.split('&').filter_map(|option| option.split_once('=')).find(|one| one.0 == name);
    let several = |hosts: &str| hosts.contains(',') || hosts.to_ascii_lowercase().contains("%2c");
    if several(hosts) || ["host", "hostaddr"].into_iter().filter_map(named).any(|(_, hosts)| several(hosts)) {
        return Err("several hosts are not asked in turn");
    }
    match named("target_session_attrs") {
        Some((_, "any")) | None => Ok(()),
        Some(_) => Err("target_session_attrs is not asked of a server"),
    }
}

/// A database's address without the user and the password.
pub fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let place = rest.split('?').next().unwrap_or_default();
    format!("{scheme}://{}", place.rsplit_once('@').map_or(place, |(_, place)| place))
}
