//! The threads that a server's tasks run on.

use std::future;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use smol::Executor;

/// An executor that so many threads run, one for each processor if not told; the thread that calls [`smol::block_on`] with
/// a server is one of them. The others end with the process.
///
/// # Errors
/// If the system gives us no threads.
pub(super) fn executor(threads: Option<NonZeroUsize>) -> io::Result<Arc<Executor<'static>>> {
    let count = match threads {
        Some(count) => count,
        None => thread::available_parallelism()?,
    };
    let executor = Arc::new(Executor::new());
    for number in 2..=count.get() {
        let executor = Arc::clone(&executor);
        let worker = thread::Builder::new().name(format!("lode-{number}"));
        worker.spawn(move || smol::block_on(executor.run(future::pending::<()>())))?;
    }
    Ok(executor)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn tasks_run_on_as_many_threads_as_were_asked_for() {
        let executor = executor(NonZeroUsize::new(3)).unwrap();
        // Each of these blocks its thread until all are there.
        let together = Arc::new(Barrier::new(3));
        let wait = || {
            let together = Arc::clone(&together);
            executor.spawn(async move { together.wait() })
        };
        let _others = [wait(), wait()];
        together.wait();
    }
}
