//! The high-water mark of a SQLite database: up to which change its feed was handed out, in a file beside it. It shows a backup that was
//! copied over the database, which is behind it; a copy of the mark itself is recognised by its inode and by the time at which it was
//! written.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::private;

/// How far the time in the mark may differ from that at which its file was written.
const TOLERANCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Watermark {
    path: PathBuf,
}

/// Up to which change the feed with an identity was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub epoch: Uuid,
    pub seq: i64,
}

impl Watermark {
    /// The mark of the database in a file.
    pub fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-mark");
        Self { path: path.into() }
    }

    /// The mark; `None` if there is none, or if the file is a copy.
    pub fn read(&self) -> io::Result<Option<Mark>> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        file.lock_shared()?;
        let Some(written) = parse(&text_of(&mut file)?) else { return Ok(None) };
        let (number, changed) = stamp(&file)?;
        let is_own = written.number == number && written.at.abs_diff(changed) <= TOLERANCE;
        Ok(is_own.then_some(written.mark))
    }

    /// Raises the mark; one of another identity is replaced.
    pub fn raise(&self, mark: Mark) -> io::Result<()> {
        let mut file = self.open()?;
        file.lock()?;
        match parse(&text_of(&mut file)?) {
            Some(Written { mark: is, .. }) if is.epoch == mark.epoch && is.seq >= mark.seq => Ok(()),
            _ => write(&mut file, mark),
        }
    }

    /// Writes the mark, whatever it was.
    pub fn set(&self, mark: Mark) -> io::Result<()> {
        let mut file = self.open()?;
        file.lock()?;
        write(&mut file, mark)?;
        file.sync_all()
    }

    fn open(&self) -> io::Result<File> {
        private::open(&self.path)
    }
}

/// Written at once and always with the same length, so that a mark is never mixed with an older one.
#[expect(clippy::disallowed_methods, reason = "it is compared with the time of the file system, not with the record's")]
fn write(file: &mut File, Mark { epoch, seq }: Mark) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (number, _) = stamp(file)?;
    file.rewind()?;
    file.write_all(format!("{epoch} {seq:020} {number:020} {:020}\n", now.as_micros()).as_bytes())
}

fn text_of(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// The content of the file: the mark, the file's inode, and when it was written.
struct Written {
    mark: Mark,
    number: u64,
    at: Duration,
}

fn parse(text: &str) -> Option<Written> {
    let mut words = text.split_whitespace();
    let mark = Mark { epoch: words.next()?.parse().ok()?, seq: words.next()?.parse().ok()? };
    let number = words.next()?.parse().ok()?;
    Some(Written { mark, number, at: Duration::from_micros(words.next()?.parse().ok()?) })
}

/// The inode of a file, and when it was last written, since 1970.
fn stamp(file: &File) -> io::Result<(u64, Duration)> {
    let metadata = file.metadata()?;
    Ok((number_of(&metadata), metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default()))
}

#[cfg(unix)]
fn number_of(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number_of(_: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_rises_and_is_no_longer_one_when_it_is_copied() {
        let directory = tempfile::tempdir().unwrap();
        let mark = Watermark::beside(&directory.path().join("rec.db"));
        assert_eq!(mark.read().unwrap(), None);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for (raised, then) in
            [((one, 3), (one, 3)), ((one, 2), (one, 3)), ((other, 1), (other, 1)), ((one, 4), (one, 4))]
        {
            mark.raise(Mark { epoch: raised.0, seq: raised.1 }).unwrap();
            assert_eq!(mark.read().unwrap(), Some(Mark { epoch: then.0, seq: then.1 }));
        }
        let text = std::fs::read_to_string(&mark.path).unwrap();
        assert_eq!(text.len(), 36 + 3 * 21 + 1);
        // As when an archive restores an older file with its times.
        let (mark_at, earlier) = text.trim_end().rsplit_once(' ').unwrap();
        let earlier = earlier.parse::<u64>().unwrap() - 6_000_000;
        std::fs::write(&mark.path, format!("{mark_at} {earlier:020}\n")).unwrap();
        assert_eq!(mark.read().unwrap(), None);
        // As when a copy is made at once.
        std::fs::write(&mark.path, &text).unwrap();
        let copy = directory.path().join("copy.db-mark");
        std::fs::copy(&mark.path, &copy).unwrap();
        assert_eq!(Watermark { path: copy }.read().unwrap(), None);
        mark.set(Mark { epoch: one, seq: 1 }).unwrap();
        assert_eq!(mark.read().unwrap(), Some(Mark { epoch: one, seq: 1 }));
    }
}
