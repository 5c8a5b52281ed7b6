//! Limits of a running process on Linux, set by `prlimit` of util-linux.

use std::process::Command;

/// Limits a resource of a process of one's own account, such as `fsize`, to so many bytes, or lifts the limit.
pub fn limit(process: u32, resource: &str, most: Option<u64>) {
    assert!(limiting(process, resource, most).status().expect("prlimit").success());
}

/// The command that does so.
pub(crate) fn limiting(process: u32, resource: &str, most: Option<u64>) -> Command {
    let most = most.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
    let mut prlimit = Command::new("prlimit");
    prlimit.args([format!("--pid={process}"), format!("--{resource}={most}:")]);
    prlimit
}

/// The private memory of a process, in bytes, without its stack: what `data` limits.
pub fn data(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let size = status.lines().find_map(|line| line.strip_prefix("VmData:")).expect("a size");
    1024 * size.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}
