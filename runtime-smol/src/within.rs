//! Waiting no longer than a limit.

use std::time::Duration;

/// What `future` comes to, or `None` if that takes longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let in_time = async { Some(future.await) };
    smol::future::or(in_time, async {
        async_io::Timer::after(limit).await;
        None
    })
    .await
}
