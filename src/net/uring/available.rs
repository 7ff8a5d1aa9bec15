//! Whether io_uring can be used here.

use super::blocks::Blocks;
use super::queues::Queues;
use std::io;

/// Why it cannot.
#[derive(Debug, thiserror::Error)]
#[error("io_uring cannot be used: {error} ({})", hint(error))]
pub struct Unavailable {
    error: io::Error,
}

/// Tries it: makes a ring with everything that a worker's needs.
///
/// # Errors
/// What stands in the way: an old kernel (6.1 is the first with all of it), a container's filter of
/// system calls, or the system's `kernel.io_uring_disabled`.
pub fn available() -> Result<(), Unavailable> {
    let tried = Queues::new().and_then(|queues| {
        let blocks = Blocks::register(&queues.submitter())?;
        // The kernel's half goes first.
        drop(queues);
        drop(blocks);
        Ok(())
    });
    tried.map_err(|error| Unavailable { error })
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => "this kernel has none, or a filter of system calls hides it",
        Some(libc::EPERM | libc::EACCES) => {
            "it is forbidden here: see kernel.io_uring_disabled, or the container's seccomp profile"
        }
        Some(libc::EINVAL) => "this kernel is too old for it: Linux 6.1 is needed",
        Some(libc::ENOMEM) => "the limit of locked memory is too low: see ulimit -l",
        _ => "see io_uring_setup(2)",
    }
}
