//! Applies the table to the calls of a client, and says what the SDK may send again by itself.
//!
//! The SDK repeats calls after throttling, lost connections and errors of the service. Two things are added to that:
//! a refusal of the table is repeated until its limit or the deadline of the operation, and a call that makes something
//! new without an idempotency token is not repeated after an outcome that nobody knows: a second `CreateVpc` makes a
//! second VPC. The engine recovers from that by looking for what was made.

use std::time::{Duration, Instant};

use aws_sdk_sts::config::retry::TokenBucket;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{FinalizerInterceptorContextMut, InterceptorContext};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::retry::{ErrorKind, RetryConfig};
use plat::provider::ProviderError;
use plat::value::Duration as Timeout;

use super::{Class, class, refusal};
use crate::error::THROTTLED;

/// The first pause; what passes quickly is seen soon.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// The end of the create, update or delete that this task carries out.
    static DEADLINE: Instant;
}

/// Carries out an operation whose calls may wait out refusals until `timeout` has passed. Reads, outside of it, wait for nothing.
pub(crate) async fn within<T>(timeout: Timeout, operation: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    let deadline = Instant::now() + Duration::from_secs(timeout.0.unsigned_abs());
    DEADLINE.scope(deadline, operation).await.map_err(|error| with_timeout(error, timeout, Instant::now() + LONGEST_PAUSE >= deadline))
}

/// Says of a refusal that may still pass that the time was over.
fn with_timeout(mut error: ProviderError, timeout: Timeout, over: bool) -> ProviderError {
    let passes = super::passes(&error.operation, &error.code, &error.message);
    if over && passes && error.kind != plat::provider::ErrorKind::InDoubt {
        error.message =
            format!("{}; plat tried again for {timeout}: apply again, or set a longer `@timeout`", error.message.trim_end_matches('.'));
    }
    error
}

/// The end of the running operation; `None` outside of one.
pub(crate) fn deadline() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries;

/// Put into the response of an attempt that is to be repeated.
#[derive(Debug, Clone, Copy)]
struct Again(Duration);

/// What was waited for so far, and the SDK's settings before that.
#[derive(Debug, Clone)]
struct Waiting {
    class: Class,
    since: Instant,
    pause: Duration,
    repeated: u32,
    config: RetryConfig,
    budget: TokenBucket,
}

impl Storable for Waiting {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Retries {
    fn name(&self) -> &'static str {
        "Retries"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some((service, operation)) = cfg.load::<Metadata>().map(|call| (signing_name(call.service()), call.name().to_owned())) else {
            return Ok(());
        };
        if let Some(pause) = pause(context, cfg, service, &operation) {
            if let Some(response) = context.response_mut() {
                response.add_extension(Again(pause));
            }
            return Ok(());
        }
        let failed = context.output_or_error().is_some_and(|outcome| outcome.is_err());
        let unique = failed && makes_something_new(service, &operation);
        if unique && !throttled(context) {
            cfg.interceptor_state().store_put(RetryConfig::disabled());
        } else if let Some(waiting) = cfg.load::<Waiting>().cloned() {
            // Repetitions by the table leave the SDK's own attempts as they were.
            let attempts = waiting.config.max_attempts().saturating_add(waiting.repeated);
            cfg.interceptor_state().store_put(waiting.config.with_max_attempts(attempts));
            cfg.interceptor_state().store_put(waiting.budget);
        }
        Ok(())
    }
}

/// How long to wait before the attempt is repeated; `None` when the table has nothing for it or the time is over.
fn pause(context: &FinalizerInterceptorContextMut<'_>, cfg: &mut ConfigBag, service: &str, operation: &str) -> Option<Duration> {
    let deadline = deadline()?;
    let refusal = refusal::of(context.response()?)?;
    let class = class(service, operation, &refusal.code, &refusal.message).filter(|class| class.repeats())?;
    let now = Instant::now();
    let mut waiting = match cfg.load::<Waiting>() {
        Some(waiting) if waiting.class == class => waiting.clone(),
        // Another reason to wait has a limit of its own.
        Some(waiting) => Waiting { class, since: now, pause: FIRST_PAUSE, ..waiting.clone() },
        None => Waiting {
            class,
            since: now,
            pause: FIRST_PAUSE,
            repeated: 0,
            config: cfg.load::<RetryConfig>()?.clone(),
            budget: cfg.load::<TokenBucket>()?.clone(),
        },
    };
    let pause = waiting.pause;
    let end = class.limit().map_or(deadline, |limit| deadline.min(waiting.since + limit));
    if now + pause > end {
        return None;
    }
    waiting.repeated += 1;
    waiting.pause = pause.mul_f64(1.6).min(LONGEST_PAUSE);
    // One attempt more than were made: the SDK sums over all that may come, to say how long the request may take.
    let attempts = cfg.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
    let config = RetryConfig::standard().with_max_attempts(attempts.saturating_add(1));
    let config = config.with_initial_backoff(pause).with_max_backoff(pause);
    let state = cfg.interceptor_state();
    state.store_put(config.with_use_static_exponential_base(true));
    state.store_put(TokenBucket::unlimited());
    state.store_put(waiting);
    Some(pause)
}

impl ClassifyRetry for Retries {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().and_then(|response| response.extension::<Again>()) {
            Some(Again(pause)) => RetryAction::retryable_error_with_explicit_delay(ErrorKind::ThrottlingError, *pause),
            None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Retries"
    }
}

/// The name of a service in signatures, from its name in the SDK.
fn signing_name(service: &str) -> &'static str {
    match service {
        "EC2" => "ec2",
        "RDS" => "rds",
        "EKS" => "eks",
        "ElastiCache" => "elasticache",
        "IAM" => "iam",
        "KMS" => "kms",
        "Secrets Manager" => "secretsmanager",
        "CloudWatch Logs" => "logs",
        _ => "sts",
    }
}

/// The services whose creating calls all carry an idempotency token.
const TOKEN_SERVICES: [&str; 2] = ["eks", "secretsmanager"];

/// Creating calls of other services that carry one.
const TOKEN_CALLS: [&str; 3] = ["CreateNatGateway", "CreateRouteTable", "CreateVpcEndpoint"];

/// Creating by name, but the same again is the same.
const SAME_AGAIN: [&str; 1] = ["CreateTags"];

fn makes_something_new(service: &str, call: &str) -> bool {
    let creating = ["Create", "Allocate", "Associate", "Run", "Copy", "Restore"].iter().any(|verb| call.starts_with(verb));
    // IAM attaches a policy that is attached already without a word.
    let creating = creating || (service == "ec2" && call.starts_with("Attach"));
    creating && !TOKEN_SERVICES.contains(&service) && !TOKEN_CALLS.contains(&call) && !SAME_AGAIN.contains(&call)
}

/// The answer says that the call was turned away because there were too many.
fn throttled(context: &FinalizerInterceptorContextMut<'_>) -> bool {
    let Some(response) = context.response() else { return false };
    if response.status().as_u16() == 429 {
        return true;
    }
    let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    THROTTLED.iter().any(|code| header.contains(code) || body.contains(code))
}

#[cfg(test)]
mod tests {
    use super::makes_something_new;

    #[test]
    fn only_creating_without_a_token_is_unique() {
        for call in ["CreateVpc", "CreateSubnet", "AllocateAddress", "AssociateRouteTable", "CreateSecurityGroup"] {
            assert!(makes_something_new("ec2", call), "{call}");
        }
        assert!(makes_something_new("rds", "CreateDBInstance"));
        assert!(makes_something_new("kms", "CreateKey"));
        for call in ["DescribeVpcs", "DeleteVpc", "ModifyVpcAttribute", "CreateTags", "CreateNatGateway", "CreateRouteTable"] {
            assert!(!makes_something_new("ec2", call), "{call}");
        }
        assert!(!makes_something_new("eks", "CreateCluster"));
    }
}
