//! From the SDK's errors to the engine's.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use plat::provider::{ErrorKind, ProviderError};

/// Codes that say there were too many calls, and that this one did nothing.
pub(crate) const THROTTLED: [&str; 11] = [
    "RequestLimitExceeded",
    "Throttling",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "EC2ThrottledException",
];

/// Codes about credentials and permissions.
const DENIED: [&str; 21] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Blocked",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "PendingVerification",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Codes that say the thing is not there, and do not have `NotFound` in them.
const ABSENT: [&str; 3] = ["NoSuchEntity", "NoSuchEntityException", "InvalidAttachmentID.NotFound"];

/// Codes that say the name is taken, and have neither `AlreadyExists` nor `Duplicate` in them.
const TAKEN: [&str; 2] = ["ResourceExistsException", "Resource.AlreadyAssociated"];

/// What the engine is to make of a failed call of `operation`, `CreateDBInstance` say.
pub(crate) fn provider_error<E>(operation: &str, error: SdkError<E, Response>) -> ProviderError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if let SdkError::ServiceError(service) = &error {
        let meta = service.err().meta();
        let code = meta.code().unwrap_or_default();
        let status = service.raw().status().as_u16();
        let request_id = meta.extra("aws_request_id").or_else(|| service.raw().headers().get("x-amzn-requestid"));
        return ProviderError {
            kind: kind_of(operation, code, status),
            operation: operation.to_owned(),
            code: code.to_owned(),
            message: meta.message().map_or_else(|| format!("answered with status {status}"), str::to_owned),
            request_id: request_id.map(str::to_owned),
        };
    }
    let (kind, message) = match &error {
        SdkError::ConstructionFailure(_) => (ErrorKind::Refused, chain(&error)),
        SdkError::TimeoutError(_) => (ErrorKind::InDoubt, format!("no answer in time: {}", chain(&error))),
        SdkError::DispatchFailure(failure) if failure.is_user() => (ErrorKind::Refused, chain(&error)),
        SdkError::DispatchFailure(_) => (ErrorKind::InDoubt, format!("no answer: {}", chain(&error))),
        _ => (ErrorKind::InDoubt, format!("an answer that cannot be read: {}", chain(&error))),
    };
    if let Some(message) = without_credentials(&error) {
        return ProviderError::new(ErrorKind::Denied, operation, message);
    }
    ProviderError::new(kind, operation, message)
}

/// The class of an answer with an error code.
fn kind_of(operation: &str, code: &str, status: u16) -> ErrorKind {
    if THROTTLED.iter().any(|throttled| code.contains(throttled)) {
        return ErrorKind::Refused;
    }
    if DENIED.contains(&code) {
        return ErrorKind::Denied;
    }
    // A success that cannot be read is one, too.
    if !(400..500).contains(&status) {
        return ErrorKind::InDoubt;
    }
    if code.contains("NotFound") || ABSENT.contains(&code) {
        return ErrorKind::NotFound;
    }
    if code.contains("AlreadyExists") || code.contains("Duplicate") || TAKEN.contains(&code) {
        return ErrorKind::Exists;
    }
    // EKS says that a name is in use this way, and that a deleted thing still has parts, too.
    if code == "ResourceInUseException" && operation.starts_with("Create") {
        return ErrorKind::Exists;
    }
    ErrorKind::Refused
}

/// What to say when the call was never sent, because there was nothing to sign it with.
fn without_credentials(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(credentials) = error.downcast_ref::<CredentialsError>() {
            let reason = chain(credentials);
            return Some(format!("no usable AWS credentials: {reason}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
        }
        cause = error.source();
    }
    None
}

/// An error and its causes in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// An error when a call that takes many things says that it did not do one of them.
#[cfg(feature = "ec2")]
pub(crate) fn refused_items(operation: &str, items: &[aws_sdk_ec2::types::UnsuccessfulItem]) -> Result<(), ProviderError> {
    let Some(item) = items.first() else { return Ok(()) };
    let error = item.error.as_ref();
    let code = error.and_then(|error| error.code.clone()).unwrap_or_default();
    let message = error.and_then(|error| error.message.clone()).unwrap_or_else(|| "AWS does not say why".to_owned());
    let status = if code.starts_with("Internal") || code == "ServiceUnavailable" { 500 } else { 400 };
    Err(ProviderError { kind: kind_of(operation, &code, status), code, ..ProviderError::new(ErrorKind::Refused, operation, message) })
}

/// `Ok(None)` in place of an error with one of `codes`: what was asked for is not there.
pub(crate) fn absent<T>(result: Result<T, ProviderError>, codes: &[&str]) -> Result<Option<T>, ProviderError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if codes.contains(&error.code.as_str()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The error of an answer that lacks what AWS's own description says is in it.
pub(crate) fn incomplete(operation: &str, what: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Internal, operation, format!("the answer has no `{what}`"))
}

/// The one that a lookup found, or an error that says how many there are.
pub(crate) fn exactly_one<T>(what: &str, mut found: Vec<T>) -> Result<T, ProviderError> {
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (Some(_), others) => {
            let message = format!("{} fit, and a lookup wants exactly one: say more about it", others + 1);
            Err(ProviderError::new(ErrorKind::Refused, format!("lookup of {what}"), message))
        }
        (None, _) => Err(ProviderError::new(ErrorKind::NotFound, format!("lookup of {what}"), "nothing fits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_kinds() {
        for (operation, code, status, kind) in [
            ("CreateVpc", "VpcLimitExceeded", 400, ErrorKind::Refused),
            ("DescribeVpcs", "InvalidVpcID.NotFound", 400, ErrorKind::NotFound),
            ("GetRole", "NoSuchEntity", 404, ErrorKind::NotFound),
            ("CreateRole", "EntityAlreadyExists", 409, ErrorKind::Exists),
            ("CreateSecurityGroup", "InvalidGroup.Duplicate", 400, ErrorKind::Exists),
            ("CreateDBInstance", "DBInstanceAlreadyExists", 400, ErrorKind::Exists),
            ("CreateCluster", "ResourceInUseException", 409, ErrorKind::Exists),
            ("DeleteCluster", "ResourceInUseException", 409, ErrorKind::Refused),
            ("CreateVpc", "UnauthorizedOperation", 403, ErrorKind::Denied),
            ("CreateVpc", "InternalError", 500, ErrorKind::InDoubt),
            ("CreateVpc", "", 502, ErrorKind::InDoubt),
            ("CreateVpc", "", 200, ErrorKind::InDoubt),
            ("CreateVpc", "RequestLimitExceeded", 503, ErrorKind::Refused),
            ("CreateRole", "ThrottlingException", 400, ErrorKind::Refused),
        ] {
            assert_eq!(kind_of(operation, code, status), kind, "{operation} {code}");
        }
    }

    #[test]
    fn a_lookup_wants_exactly_one() {
        assert_eq!(exactly_one("aws.ec2.VPC", vec![7]).unwrap(), 7);
        let none = exactly_one::<u8>("aws.ec2.VPC", vec![]).unwrap_err();
        assert_eq!(none.kind, ErrorKind::NotFound);
        let many = exactly_one("aws.ec2.VPC", vec![1, 2, 3]).unwrap_err();
        assert!(many.message.starts_with("3 fit"), "{many}");
    }

    #[test]
    fn only_the_named_codes_are_absence() {
        let refused = |code: &str| ProviderError { code: code.into(), ..ProviderError::new(ErrorKind::NotFound, "x", "y") };
        assert_eq!(absent::<()>(Err(refused("A.NotFound")), &["A.NotFound"]), Ok(None));
        assert!(absent::<()>(Err(refused("B.NotFound")), &["A.NotFound"]).is_err());
        assert_eq!(absent(Ok(1), &[]), Ok(Some(1)));
    }
}
