//! Reads and writes at a position that do all of it, and reads that do not stall the executor on a cold disk.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::io::{Errno, ReadWriteFlags};

/// Reads `length` bytes at `offset` into `buffer`, whose content is replaced; fewer only where the file ends.
///
/// What is in the page cache is read here and now, because that costs less than handing it to a thread. As soon as the disk
/// is needed, the rest goes to the blocking pool: one thread that waits for a cold disk would hold up all connections.
pub(super) async fn read_at(
    file: &Arc<OwnedFd>,
    mut buffer: Vec<u8>,
    length: usize,
    offset: u64,
) -> Result<Vec<u8>, Errno> {
    buffer.resize(length, 0);
    match read_cached(file, &mut buffer, offset)? {
        Cached::All(filled) => {
            buffer.truncate(filled);
            Ok(buffer)
        }
        Cached::Cold(filled) => {
            let file = Arc::clone(file);
            smol::unblock(move || {
                let filled = read_blocking(&file, &mut buffer, filled, offset)?;
                buffer.truncate(filled);
                Ok(buffer)
            })
            .await
        }
    }
}

/// Writes all of `bytes` at `offset`. Into the page cache as a rule, so it does not block for long.
pub(super) fn write_at(file: impl AsFd, mut bytes: &[u8], mut offset: u64) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(file.as_fd(), bytes, offset) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset += written as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

enum Cached {
    /// So many bytes, and there are no more.
    All(usize),
    /// So many bytes; the disk is needed for what follows.
    Cold(usize),
}

fn read_cached(file: &OwnedFd, buffer: &mut [u8], offset: u64) -> Result<Cached, Errno> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::preadv2(file, &mut [IoSliceMut::new(rest)], offset + filled as u64, ReadWriteFlags::NOWAIT) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            // The last three: the file system, or the kernel, cannot tell whether it would wait.
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return Ok(Cached::Cold(filled)),
            Err(error) => return Err(error),
        }
    }
    Ok(Cached::All(filled))
}

fn read_blocking(file: &OwnedFd, buffer: &mut [u8], mut filled: usize, offset: u64) -> Result<usize, Errno> {
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match rustix::io::pread(file, rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(bytes: &[u8]) -> Arc<OwnedFd> {
        let file: OwnedFd = tempfile::tempfile().unwrap().into();
        write_at(&file, bytes, 0).unwrap();
        Arc::new(file)
    }

    #[test]
    fn all_is_read_up_to_the_end_of_the_file() {
        let file = file_with(b"0123456789");
        let read = |length, offset| smol::block_on(read_at(&file, vec![9; 3], length, offset)).unwrap();
        assert_eq!(read(4, 2), b"2345");
        assert_eq!(read(100, 7), b"789");
        assert_eq!(read(5, 10), b"");
        assert_eq!(read(0, 0), b"");
    }

    #[test]
    fn the_part_that_is_not_cached_is_read_on_the_pool() {
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let file = file_with(&bytes);
        rustix::fs::fsync(&file).unwrap();
        rustix::fs::fadvise(&file, 4096, None, rustix::fs::Advice::DontNeed).unwrap();
        let read = smol::block_on(read_at(&file, Vec::new(), bytes.len(), 0)).unwrap();
        assert!(read == bytes);
        let mut half = bytes.clone();
        half[1000..].fill(0);
        assert_eq!(read_blocking(&file, &mut half, 1000, 0), Ok(bytes.len()));
        assert!(half == bytes);
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(write_at(&full, b"x", 0), Err(Errno::NOSPC));
        let folder = std::fs::File::open("/").unwrap();
        assert!(smol::block_on(read_at(&Arc::new(folder.into()), Vec::new(), 1, 0)).is_err());
    }
}
