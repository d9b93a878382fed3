use std::collections::BTreeSet;

use super::{Class, class, rows};

#[test]
fn refusals_have_the_class_that_aws_means() {
    let role = "arn:aws:iam::123456789012:role/a";
    for (service, operation, code, message, expected) in [
        (
            "rds",
            "CreateDBInstance",
            "InvalidParameterValue",
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
            Some(Class::Propagation),
        ),
        ("rds", "CreateDBInstance", "InvalidParameterValue", "Invalid storage size", None),
        ("rds", "ModifyDBInstance", "InvalidDBInstanceState", "Database instance is not in available state.", Some(Class::Busy)),
        ("rds", "ModifyDBInstance", "InvalidDBInstanceStateFault", "x", Some(Class::Busy)),
        ("rds", "DescribeDBInstances", "InvalidDBInstanceState", "x", None),
        (
            "rds",
            "DeleteDBCluster",
            "InvalidDBClusterStateFault",
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            Some(Class::Final),
        ),
        ("rds", "DeleteDBCluster", "InvalidDBClusterStateFault", "Cluster is not available", Some(Class::Busy)),
        (
            "rds",
            "CreateDBInstance",
            "InvalidParameterValue",
            "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise wait and try again later",
            Some(Class::ServiceLinkedRole),
        ),
        ("rds", "CreateDBInstance", "AccessDenied", "no permission to create service linked role", None),
        ("ec2", "CreateSubnet", "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist", Some(Class::Created)),
        ("ec2", "DeleteSubnet", "InvalidSubnetID.NotFound", "", None),
        ("ec2", "DeleteSubnet", "DependencyViolation", "The subnet 'subnet-1' has dependencies", Some(Class::Interfaces)),
        ("ec2", "DeleteRouteTable", "DependencyViolation", "", Some(Class::Released)),
        ("ec2", "DescribeVpcs", "InvalidVpcID.NotFound", "", None),
        (
            "eks",
            "DeleteCluster",
            "ResourceInUseException",
            "Cannot delete because cluster x currently has an update in progress",
            Some(Class::Busy),
        ),
        ("eks", "CreateCluster", "ResourceInUseException", "Cluster already exists with name: x", None),
        ("eks", "CreateCluster", "InvalidParameterException", &format!("roleArn, {role}, does not exist"), Some(Class::Propagation)),
        (
            "eks",
            "CreateCluster",
            "InvalidParameterException",
            &format!("Role with arn: {role}, could not be assumed because it does not exist or the trusted entity is not correct"),
            Some(Class::Propagation),
        ),
        (
            "eks",
            "CreateNodegroup",
            "InvalidParameterException",
            "The provided role doesn't have the Amazon EKS Managed Policies associated with it.",
            Some(Class::Propagation),
        ),
        (
            "eks",
            "CreateCluster",
            "InvalidParameterException",
            "IAM role's policy must include the `ec2:DescribeSubnets` action",
            Some(Class::Propagation),
        ),
        ("eks", "CreateCluster", "InvalidParameterException", "unsupported Kubernetes version", None),
        ("eks", "CreateCluster", "InvalidParameterException", "Subnets specified must be in at least two different AZs", None),
        ("eks", "DescribeUpdate", "ResourceNotFoundException", "No update found for ID", Some(Class::Created)),
        (
            "elasticache",
            "ListTagsForResource",
            "InvalidReplicationGroupState",
            "Cluster not in available state to perform tagging operations.",
            Some(Class::Busy),
        ),
        (
            "elasticache",
            "DeleteCacheSubnetGroup",
            "CacheSubnetGroupInUse",
            "Cache subnet group a is currently in use by a cache cluster.",
            Some(Class::Released),
        ),
        (
            "secretsmanager",
            "CreateSecret",
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            Some(Class::Settling),
        ),
        ("iam", "DeleteRole", "DeleteConflict", "Cannot delete entity, must detach all policies first.", Some(Class::Settling)),
        ("iam", "AttachRolePolicy", "NoSuchEntity", "The role with name a cannot be found.", Some(Class::Created)),
        ("iam", "AttachRolePolicy", "NoSuchEntity", "Policy arn:aws:iam::1:policy/a does not exist or is not attachable.", None),
        ("logs", "PutRetentionPolicy", "OperationAbortedException", "A conflicting operation is in progress", Some(Class::Conflict)),
    ] {
        assert_eq!(class(service, operation, code, message), expected, "{operation} {code}: {message}");
    }
}

#[test]
fn each_row_covers_its_own_words_and_none_hides_another() {
    let all: Vec<_> = rows().collect();
    for row in &all {
        let operation = row.operations[0].replace('*', "CreateAny");
        let code = if row.code.is_empty() { "Refused".to_owned() } else { row.code.replace('*', "Thing") };
        assert!(row.covers(&operation, &code, &row.message.replace('*', " x ")), "{row:?}");
        assert_eq!(row.message.trim(), row.message, "{row:?}");
    }
    let keys: BTreeSet<_> = all.iter().map(|row| (row.service, row.operations, row.code, row.message)).collect();
    assert_eq!(keys.len(), all.len(), "a row is there twice");
}

#[test]
fn only_what_the_operation_bounds_has_no_limit_of_its_own() {
    for row in rows() {
        assert_eq!(row.class.limit().is_none(), matches!(row.class, Class::Busy | Class::Released | Class::Interfaces), "{row:?}");
    }
}

#[cfg(feature = "client")]
mod bodies {
    use aws_smithy_runtime_api::http::{Response, StatusCode};
    use aws_smithy_types::body::SdkBody;

    use crate::retry::refusal::{Refusal, of};

    fn response(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Response {
        let mut response = Response::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        response
    }

    fn refusal(code: &str, message: &str) -> Option<Refusal> {
        Some(Refusal { code: code.to_owned(), message: message.to_owned() })
    }

    #[test]
    fn refusals_are_read_in_each_protocol() {
        let ec2 = r#"<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>DependencyViolation</Code><Message>The subnet &apos;subnet-1&apos; has dependencies and cannot be deleted.</Message></Error></Errors><RequestID>1</RequestID></Response>"#;
        assert_eq!(
            of(&response(400, &[], ec2)),
            refusal("DependencyViolation", "The subnet 'subnet-1' has dependencies and cannot be deleted.")
        );
        let query = r#"<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>InvalidDBInstanceState</Code><Message>Database instance is not in available state.</Message></Error><RequestId>1</RequestId></ErrorResponse>"#;
        assert_eq!(of(&response(400, &[], query)), refusal("InvalidDBInstanceState", "Database instance is not in available state."));
        let rest = r#"{"clusterName":"a","message":"Cannot delete because cluster a currently has an update in progress"}"#;
        let named = [("x-amzn-errortype", "ResourceInUseException:http://internal.amazon.com/coral/")];
        assert_eq!(of(&response(409, &named, rest)).unwrap().code, "ResourceInUseException");
        let json = r#"{"__type":"com.amazonaws.kms#NotFoundException","Message":"Key is not there"}"#;
        assert_eq!(of(&response(400, &[], json)), refusal("NotFoundException", "Key is not there"));
    }

    #[test]
    fn an_item_that_was_not_done_is_a_refusal() {
        let body = "<CreateFlowLogsResponse><unsuccessful><item><error><code>400</code><message>Unable to assume given IAM role</message></error><resourceId>vpc-1</resourceId></item></unsuccessful></CreateFlowLogsResponse>";
        assert_eq!(of(&response(200, &[], body)), refusal("400", "Unable to assume given IAM role"));
        assert_eq!(of(&response(200, &[], "<CreateFlowLogsResponse><unsuccessful/></CreateFlowLogsResponse>")), None);
    }

    #[test]
    fn an_outcome_that_nobody_knows_is_no_refusal() {
        assert_eq!(of(&response(500, &[], "<Response><Errors><Error><Code>DependencyViolation</Code></Error></Errors></Response>")), None);
        assert_eq!(of(&response(503, &[], r#"{"__type":"ResourceInUseException"}"#)), None);
        assert_eq!(of(&response(404, &[], "not found")), None);
    }
}
