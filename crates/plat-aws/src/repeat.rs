//! Which calls the SDK may send again by itself.
//!
//! A `CreateVpc` whose answer was lost and that is simply sent again makes a second VPC. So a call that makes something new,
//! and that AWS does not recognise by a token, is not repeated after an outcome that nobody knows; the engine settles it by
//! looking for what was made. After throttling it is repeated like any other: AWS did nothing.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;

use crate::error::THROTTLED;

/// Ends the attempts of a call that must not be repeated.
#[derive(Debug)]
pub(crate) struct RepeatOnlyWhatIsSafe;

impl Intercept for RepeatOnlyWhatIsSafe {
    fn name(&self) -> &'static str {
        "RepeatOnlyWhatIsSafe"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let unique = cfg.load::<Metadata>().is_some_and(|call| makes_something_new(call.service(), call.name()));
        let failed = context.output_or_error().is_some_and(|outcome| outcome.is_err());
        if unique && failed && !throttled(context) {
            cfg.interceptor_state().store_put(RetryConfig::disabled());
        }
        Ok(())
    }
}

/// The services whose creating calls all carry an idempotency token.
const TOKEN_SERVICES: [&str; 2] = ["EKS", "Secrets Manager"];

/// Creating calls of other services that carry one.
const TOKEN_CALLS: [&str; 3] = ["CreateNatGateway", "CreateRouteTable", "CreateVpcEndpoint"];

/// Creating by name, but the same again is the same.
const SAME_AGAIN: [&str; 1] = ["CreateTags"];

fn makes_something_new(service: &str, call: &str) -> bool {
    let creating = ["Create", "Allocate", "Associate", "Run", "Copy", "Restore"].iter().any(|verb| call.starts_with(verb));
    // IAM attaches a policy that is attached already without a word.
    let creating = creating || (service == "EC2" && call.starts_with("Attach"));
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
            assert!(makes_something_new("EC2", call), "{call}");
        }
        assert!(makes_something_new("RDS", "CreateDBInstance"));
        assert!(makes_something_new("KMS", "CreateKey"));
        for call in ["DescribeVpcs", "DeleteVpc", "ModifyVpcAttribute", "CreateTags", "CreateNatGateway", "CreateRouteTable"] {
            assert!(!makes_something_new("EC2", call), "{call}");
        }
        assert!(!makes_something_new("EKS", "CreateCluster"));
    }
}
