//! The files of an embedded database are their owner's alone, whatever the mode of their directory: they hold what few may see.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A database file, and what stands beside it: the log of SQLite and its index, and the high-water mark. (The queue of writers is empty, and
/// another account may have to lock it.)
const FILES: [&str; 4] = ["", "-wal", "-shm", "-mark"];

/// How files are opened to read and write, and created for their owner alone.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens a file beside the database, or creates it.
pub fn open(path: &Path) -> io::Result<File> {
    options().create(true).truncate(false).open(path)
}

/// Creates a database file, unless there is one. SQLite gives the files that it creates later the mode of the first one.
pub fn create(database: &Path) -> io::Result<()> {
    // One that exists is not opened: to close it would release the locks of this process's connections.
    match options().create_new(true).open(database) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Creates a database file, or takes what an older version has left from all others.
pub fn keep(database: &Path) -> io::Result<()> {
    create(database)?;
    FILES.iter().try_for_each(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        close_to_others(Path::new(&name))
    })
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}
