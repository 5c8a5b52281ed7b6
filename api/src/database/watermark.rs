//! The high-water mark of a SQLite database: how far its feed has been handed out, in a file beside it. A backup that is copied over
//! the database is behind it; a copy of the mark is known by the time of its last change, which no copy keeps.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// How far the time in the mark may be from that at which its file was changed.
const TOLERANCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Watermark {
    path: PathBuf,
}

/// How far the feed with an identity has been handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub epoch: Uuid,
    pub seq: i64,
}

impl Watermark {
    /// Of the database in a file.
    pub fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-mark");
        Self { path: path.into() }
    }

    /// The mark; `None` if there is none, or if it is a copy.
    pub fn read(&self) -> io::Result<Option<Mark>> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        file.lock_shared()?;
        let (text, changed) = (text_of(&mut file)?, changed(&file)?);
        Ok(parse(&text).filter(|(_, written)| written.abs_diff(changed) <= TOLERANCE).map(|(mark, _)| mark))
    }

    /// Raises the mark; another identity takes its place.
    pub fn raise(&self, mark: Mark) -> io::Result<()> {
        let mut file = self.open()?;
        file.lock()?;
        match parse(&text_of(&mut file)?) {
            Some((is, _)) if is.epoch == mark.epoch && is.seq >= mark.seq => Ok(()),
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
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)
    }
}

/// In one write of always the same length: a mark is never half another one.
#[expect(clippy::disallowed_methods, reason = "it is compared with the time of the file system, not with the record's")]
fn write(file: &mut File, Mark { epoch, seq }: Mark) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    file.rewind()?;
    file.write_all(format!("{epoch} {seq:020} {:020}\n", now.as_micros()).as_bytes())
}

fn text_of(file: &mut File) -> io::Result<String> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

fn parse(text: &str) -> Option<(Mark, Duration)> {
    let mut words = text.split_whitespace();
    let mark = Mark { epoch: words.next()?.parse().ok()?, seq: words.next()?.parse().ok()? };
    Some((mark, Duration::from_micros(words.next()?.parse().ok()?)))
}

/// When the file was changed last, its name or its place included, since 1970.
#[cfg(unix)]
fn changed(file: &File) -> io::Result<Duration> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    Ok(Duration::new(seconds, u32::try_from(metadata.ctime_nsec()).unwrap_or_default()))
}

#[cfg(not(unix))]
fn changed(file: &File) -> io::Result<Duration> {
    Ok(file.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default())
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
        assert_eq!(text.len(), 36 + 2 * 21 + 1);
        // As an archive gives back what was written earlier, with its times.
        let (mark_at, earlier) = text.trim_end().rsplit_once(' ').unwrap();
        let earlier = earlier.parse::<u64>().unwrap() - 6_000_000;
        std::fs::write(&mark.path, format!("{mark_at} {earlier:020}\n")).unwrap();
        assert_eq!(mark.read().unwrap(), None);
        mark.set(Mark { epoch: one, seq: 1 }).unwrap();
        assert_eq!(mark.read().unwrap(), Some(Mark { epoch: one, seq: 1 }));
    }
}
