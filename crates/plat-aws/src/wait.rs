//! Waiting for a state.

use std::future::Future;
use std::time::{Duration as StdDuration, Instant};

use plat::provider::{ErrorKind, ProviderError};
use plat::value::Duration;

/// What one look at a thing shows.
pub(crate) enum Progress<T> {
    Ready(T),
    Pending,
    /// Not yet; says what is seen and what is waited for: "status `modifying`, waiting for `iops`".
    Waiting(String),
    /// It will never be ready; says why.
    Failed(String),
}

/// The first pause; what is quick is seen soon.
const FIRST_PAUSE: StdDuration = StdDuration::from_millis(200);

/// Looks until it is ready: at once, then after pauses that grow up to `delay`. `what` is the waiter's name, `DBInstanceAvailable` say.
pub(crate) async fn until<T, F, Fut>(what: &str, timeout: Duration, delay: StdDuration, mut look: F) -> Result<T, ProviderError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Progress<T>, ProviderError>>,
{
    let started = Instant::now();
    let limit = StdDuration::from_secs(timeout.0.unsigned_abs());
    let mut pause = FIRST_PAUSE.min(delay);
    let mut seen = String::new();
    loop {
        match look().await? {
            Progress::Ready(ready) => return Ok(ready),
            Progress::Failed(reason) => return Err(ProviderError::new(ErrorKind::Failed, what, reason)),
            Progress::Pending => {}
            Progress::Waiting(what) => seen = what,
        }
        if started.elapsed() + pause > limit {
            let seen = if seen.is_empty() { seen } else { format!(": {seen}") };
            let message = format!("not ready after {timeout}{seen}");
            return Err(ProviderError::new(ErrorKind::TimedOut, what, message));
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.6).min(delay);
    }
}
