//! IAM is eventually consistent: for some seconds after a role or policy was made, other calls refuse it as if it were not there.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use std::future::Future;
use std::time::Duration;

use plat::provider::ProviderError;
use tokio::time::{Instant, sleep};

/// Repeats a call that was refused because of something that IAM does not show everywhere yet; any other outcome is final,
/// and so is the refusal once `limit` has passed.
pub(crate) async fn retried<T, Call, Answer>(
    limit: Duration,
    not_there_yet: fn(&ProviderError) -> bool,
    call: Call,
) -> Result<T, ProviderError>
where
    Call: Fn() -> Answer + Send,
    Answer: Future<Output = Result<T, ProviderError>> + Send,
{
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(500);
    loop {
        match call().await {
            Err(refusal) if not_there_yet(&refusal) && Instant::now() + pause < deadline => sleep(pause).await,
            outcome => return outcome,
        }
        pause = (pause * 2).min(Duration::from_secs(8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plat::provider::ErrorKind;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn refusal() -> ProviderError {
        ProviderError::new(ErrorKind::Refused, "CreateCluster", "the role does not exist")
    }

    #[tokio::test]
    async fn a_refusal_that_passes_is_waited_out_and_one_that_stays_is_told() {
        let calls = AtomicU32::new(0);
        let second = || async {
            match calls.fetch_add(1, Ordering::SeqCst) {
                0 => Err(refusal()),
                _ => Ok("made"),
            }
        };
        assert_eq!(retried(Duration::from_secs(60), |_| true, second).await, Ok("made"));
        let never = || async { Err::<(), _>(refusal()) };
        assert_eq!(retried(Duration::from_millis(600), |_| true, never).await, Err(refusal()));
    }

    #[tokio::test]
    async fn another_refusal_is_told_at_once() {
        let calls = AtomicU32::new(0);
        let call = || async {
            calls.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(refusal())
        };
        assert_eq!(retried(Duration::from_secs(60), |_| false, call).await, Err(refusal()));
        assert_eq!(calls.into_inner(), 1);
    }
}
