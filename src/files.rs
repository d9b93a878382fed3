//! Files at paths that somebody else may have prepared. Reads take regular files up to a limit; writes go through no link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Permissions of a file that only its owner may read.
pub const PRIVATE: u32 = 0o600;
/// Permissions of a file that others may read, less what the process masks.
pub const SHARED: u32 = 0o666;

const NOT_REGULAR: &str = "it is not a regular file";
const IS_LINK: &str = "it is a symbolic link, and plat does not follow links here; remove it";
const HAS_OTHER_NAMES: &str = "it has a second name (a hard link), so a write would change another file; remove it";

/// Reads a regular file of at most `limit` bytes. Follows links: the caller decides which places are allowed.
///
/// # Errors
/// A file that is missing, not regular or larger. A pipe or device is never opened for longer than it takes to look at it.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Opening a device can have effects of its own.
    require_regular(&fs::metadata(path)?)?;
    read_all(open_to_read(path, OFlags::empty())?, limit)
}

/// As [`read`], and the file itself is no link.
///
/// # Errors
/// As [`read`].
pub fn read_unlinked(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_all(open_unlinked(path)?, limit)
}

/// Opens a regular file that is no link, to read it.
///
/// # Errors
/// A file that is missing, a link, or not regular.
pub fn open_unlinked(path: &Path) -> io::Result<File> {
    let about = fs::symlink_metadata(path)?;
    if about.is_symlink() {
        return Err(io::Error::other(IS_LINK));
    }
    require_regular(&about)?;
    open_to_read(path, OFlags::NOFOLLOW)
}

/// Reads the UTF-8 text of a regular file of at most `limit` bytes.
///
/// # Errors
/// As [`read`], and text that is not UTF-8; the error does not quote the file.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    text(read(path, limit)?)
}

/// The UTF-8 text that `bytes` are.
///
/// # Errors
/// Bytes that are not UTF-8; the error does not quote them.
pub fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let problem = format!("it is not UTF-8 text: byte {} is not part of a character", error.utf8_error().valid_up_to());
        io::Error::new(io::ErrorKind::InvalidData, problem)
    })
}

/// Reads a stream, such as standard input, of at most `limit` bytes.
///
/// # Errors
/// A stream that cannot be read or has more.
pub fn read_stream(stream: impl io::Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

/// Creates a file in place of what an earlier run left under this name. The name is never a link afterwards, and no other file changes.
///
/// # Errors
/// A link, or something that is not a regular file, under this name.
pub fn create(path: &Path, mode: u32) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => return Err(io::Error::other(IS_LINK)),
        Ok(about) => {
            require_regular(&about)?;
            fs::remove_file(path)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    create_new(path, mode)
}

/// Creates a file where there is none.
///
/// # Errors
/// Anything under this name already, a link included.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).custom_flags(bits(OFlags::NOFOLLOW)).open(path)
}

/// Opens a file that is kept and changed in place, such as a lock; creates it where there is none.
///
/// # Errors
/// A link, something that is not a regular file, or a file with a second name.
pub fn open_to_change(path: &Path, append: bool) -> io::Result<File> {
    if let Ok(about) = fs::symlink_metadata(path) {
        if about.is_symlink() {
            return Err(io::Error::other(IS_LINK));
        }
        require_regular(&about)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).create(true).mode(PRIVATE).custom_flags(bits(OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY));
    let file = if append { options.append(true).open(path)? } else { options.write(true).truncate(false).open(path)? };
    let about = file.metadata()?;
    require_regular(&about)?;
    if about.nlink() > 1 {
        return Err(io::Error::other(HAS_OTHER_NAMES));
    }
    Ok(file)
}

/// Replaces a file in one step, through a file beside it with a name that nobody can guess. A link under this name is replaced itself.
///
/// # Errors
/// Something under this name that is neither a regular file nor a link, or a folder that cannot be written to.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    replace_through(&beside(path)?, path, bytes, mode)
}

/// As [`replace`], through a file beside it with a known name, which a later run takes away.
///
/// # Errors
/// As [`replace`], and as [`create`] for the file beside it.
pub fn replace_through(temporary: &Path, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if let Ok(about) = fs::symlink_metadata(path)
        && !about.is_symlink()
    {
        require_regular(&about)?;
    }
    let mut file = create(temporary, mode)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(temporary, path));
    written.inspect_err(|_| drop(fs::remove_file(temporary)))
}

/// A name beside `path` that nobody can guess.
///
/// # Errors
/// A path without a file's name; a system without random numbers.
pub fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or_else(|| io::Error::other("it has no name"))?);
    name.push(format!(".{:016x}.tmp", u64::from_le_bytes(random)));
    Ok(path.with_file_name(name))
}

/// Makes the folder `path` and those above it up to `root`, none of which is a link.
///
/// # Errors
/// A link among them, or a folder that cannot be made.
pub fn create_folders(root: &Path, path: &Path) -> io::Result<()> {
    refuse_links(root, path)?;
    fs::create_dir_all(path)?;
    refuse_links(root, path)
}

/// Makes the names in a folder durable.
///
/// # Errors
/// A folder that cannot be opened or flushed.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

/// Refuses links among the parts of `path` below `root`. What does not exist is no link.
///
/// # Errors
/// The first link, by its path.
pub fn refuse_links(root: &Path, path: &Path) -> io::Result<()> {
    let mut place = root.to_owned();
    for part in path.strip_prefix(root).unwrap_or(path).components() {
        place.push(part);
        if fs::symlink_metadata(&place).is_ok_and(|about| about.is_symlink()) {
            return Err(io::Error::other(format!(
                "`{}` is a symbolic link, and plat does not follow links here; remove it",
                place.display()
            )));
        }
    }
    Ok(())
}

fn open_to_read(path: &Path, more: OFlags) -> io::Result<File> {
    // A pipe under this name since it was looked at must not be waited for.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | more;
    let file = OpenOptions::new().read(true).custom_flags(bits(flags)).open(path)?;
    require_regular(&file.metadata()?)?;
    Ok(file)
}

fn read_all(file: File, limit: u64) -> io::Result<Vec<u8>> {
    if file.metadata()?.len() > limit {
        return Err(too_large(limit));
    }
    read_stream(file, limit)
}

fn require_regular(about: &fs::Metadata) -> io::Result<()> {
    if about.is_file() { Ok(()) } else { Err(io::Error::other(NOT_REGULAR)) }
}

fn too_large(limit: u64) -> io::Error {
    let limit = if limit >= 1 << 20 { format!("{} MiB", limit >> 20) } else { format!("{} KiB", limit >> 10) };
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit}, the limit"))
}

fn bits(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let path = std::env::temp_dir().join(format!("plat-files-{:016x}", u64::from_le_bytes(random)));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn reads_take_regular_files_up_to_the_limit() {
        let folder = folder();
        let file = folder.join("file");
        fs::write(&file, "abc").unwrap();
        assert_eq!(read(&file, 3).unwrap(), b"abc");
        assert!(read(&file, 2).unwrap_err().to_string().contains("is larger than"));
        let pipe = folder.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), &folder] {
            assert!(read(path, 10).unwrap_err().to_string().contains("not a regular file"), "{}", path.display());
            assert!(read_unlinked(path, 10).is_err() && create(path, PRIVATE).is_err() && open_to_change(path, false).is_err());
            assert!(path.exists());
        }
        let link = folder.join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read(&link, 3).unwrap(), b"abc");
        assert!(read_unlinked(&link, 3).unwrap_err().to_string().contains("symbolic link"));
        // What says nothing of its size.
        assert!(read(Path::new("/proc/self/status"), 1 << 20).unwrap().len() > 100);
        assert!(read(Path::new("/proc/self/status"), 10).is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn writes_go_through_no_link() {
        let folder = folder();
        let (victim, link, hard) = (folder.join("victim"), folder.join("link"), folder.join("hard"));
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        fs::hard_link(&victim, &hard).unwrap();
        assert!(create(&link, PRIVATE).is_err() && create_new(&link, PRIVATE).is_err());
        for append in [false, true] {
            assert!(open_to_change(&link, append).is_err() && open_to_change(&hard, append).is_err());
        }
        assert!(replace_through(&link, &folder.join("new"), b"x", PRIVATE).is_err());
        create(&hard, PRIVATE).unwrap().write_all(b"other").unwrap();
        replace(&link, b"replaced", PRIVATE).unwrap();
        assert_eq!(fs::read(&link).unwrap(), b"replaced");
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        std::os::unix::fs::symlink(folder.join("nowhere"), folder.join("dangling")).unwrap();
        assert!(create_folders(&folder, &folder.join("dangling/a")).is_err());
        assert!(create(&folder.join("dangling"), PRIVATE).is_err() && !folder.join("nowhere").exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "no temporary file stays");
        fs::remove_dir_all(folder).unwrap();
    }
}
