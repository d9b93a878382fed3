//! The rows, as data. The first row that covers a refusal decides.
//!
//! Sources: AWS's API references and models, and known issues of other providers where AWS documents nothing.

use super::{Class, Row};

use Class::{Busy, Conflict, Created, Final, Interfaces, Propagation, Released, ServiceLinkedRole, Settling};

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [EC2, RDS, EKS, ELASTICACHE, IAM, KMS, SECRETS_MANAGER, LOGS, EVERY_SERVICE].into_iter().flatten()
}

const fn row(service: &'static str, operations: &'static [&'static str], code: &'static str, message: &'static str, class: Class) -> Row {
    Row { service, operations, code, message, class }
}

/// Calls that name things which may be new.
const EC2_NAMING: &[&str] =
    &["Accept*", "Allocate*", "Associate*", "Attach*", "Authorize*", "Create*", "Enable*", "Modify*", "Replace*", "Update*"];

const EC2: &[Row] = &[
    // A delete waits for the network interfaces itself: src/ec2/interfaces.rs.
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)
    row("ec2", &["DeleteSubnet", "DeleteSecurityGroup", "DeleteVpc"], "DependencyViolation", "", Interfaces),
    row("ec2", &["DeleteSecurityGroup"], "InvalidGroup.InUse", "", Interfaces),
    // Other things that hold one another: addresses and gateways, tables and associations.
    row("ec2", &["Delete*", "Detach*", "Disassociate*", "Release*", "Replace*"], "DependencyViolation", "", Released),
    row("ec2", &["ReleaseAddress"], "InvalidIPAddress.InUse", "", Released),
    // An address of a load balancer that is being deleted: provider-aws#7465. A missing permission is UnauthorizedOperation.
    row("ec2", &["DisassociateAddress", "ReleaseAddress"], "AuthFailure", "permission to access the specified resource", Released),
    row("ec2", &["DetachVpnGateway", "DeleteVpnGateway"], "IncorrectState", "", Busy),
    // A range counts until its association is gone: provider-aws#7420.
    row("ec2", &["AssociateSubnetCidrBlock"], "SubnetCidrBlockLimitExceeded", "", Settling),
    // EC2 is eventually consistent: an id that it returned may be unknown to its other parts.
    // https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    row("ec2", EC2_NAMING, "InvalidPermission.NotFound", "", Final),
    row("ec2", EC2_NAMING, "InvalidRoute.NotFound", "", Final),
    row("ec2", EC2_NAMING, "InvalidNetworkAclEntry.NotFound", "", Final),
    row("ec2", EC2_NAMING, "InvalidAMIID.NotFound", "", Final),
    row("ec2", EC2_NAMING, "InvalidKeyPair.NotFound", "", Final),
    row("ec2", EC2_NAMING, "*.NotFound", "", Created),
    row("ec2", EC2_NAMING, "NatGatewayNotFound", "", Created),
    row("ec2", &["CreateTags"], "InvalidID", "", Created),
    // A gateway that was attached a moment ago: EC2 says that it and the table are in different networks.
    row("ec2", &["CreateRoute", "ReplaceRoute"], "Gateway.NotAttached", "", Created),
    row("ec2", &["CreateRoute", "ReplaceRoute"], "InvalidParameterValue", "belong to different networks", Created),
    // An instance that still starts takes no address.
    row("ec2", &["AssociateAddress"], "IncorrectInstanceState", "", Busy),
    row("ec2", &["AssociateAddress"], "InvalidInstanceID", "is not in a valid state", Busy),
    // An endpoint or a peering connection that is not through its last change.
    row("ec2", &["ModifyVpcEndpoint", "DeleteVpcEndpoints"], "IncorrectState", "", Busy),
    row("ec2", &["ModifyVpcEndpoint"], "InvalidParameter", "not in an available state", Busy),
    row("ec2", &["AcceptVpcPeeringConnection", "ModifyVpcPeeringConnectionOptions"], "OperationNotPermitted", "not active", Created),
    // The role of a flow log: the refusal is an item of an answer with status 200.
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html
    row("ec2", &["CreateFlowLogs"], "", "unable to assume given iam role", Propagation),
    row("ec2", &["CreateFlowLogs"], "", "access denied for logdestination", Propagation),
    // Requests that meet.
    row("ec2", &["*"], "ConcurrentTagAccess", "", Conflict),
    row("ec2", &["*"], "ConcurrentMutationLimitExceeded", "", Conflict),
    row("ec2", &["*"], "IncorrectModificationState", "", Busy),
];

/// Calls that give a role to a database.
const RDS_ROLES: &[&str] = &["AddRole*", "Create*", "Modify*", "Restore*"];

/// Calls that change a database, a cluster or what belongs to one.
const RDS_CHANGES: &[&str] =
    &["Add*", "Create*", "Delete*", "Failover*", "Modify*", "Promote*", "Reboot*", "Remove*", "Reset*", "Restore*", "Start*", "Stop*"];

const RDS: &[Row] = &[
    // IAM propagation. AWS documents no code; provider-aws#5173 has the message.
    row(
        "rds",
        RDS_ROLES,
        "InvalidParameterValue",
        "IAM role ARN value is invalid or does not include the required permissions",
        Propagation,
    ),
    row("rds", RDS_ROLES, "InvalidParameterValue", "role is not authorized", Propagation),
    row("rds", RDS_ROLES, "InvalidParameterCombination", "ENHANCED_MONITORING", Propagation),
    row("rds", RDS_ROLES, "InvalidParameterValue", "ENHANCED_MONITORING", Propagation),
    // Instances that plat does not manage never leave by themselves.
    row("rds", &["DeleteDBCluster"], "InvalidDBClusterState", "DB instances in non-deleting state", Final),
    // A storage change is followed by hours of optimization, in which the storage stays as it is.
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.StorageTypes.html
    row("rds", RDS_CHANGES, "InvalidParameterCombination", "is being optimized", Busy),
    row("rds", RDS_CHANGES, "InvalidParameterCombination", "storage-optimization", Busy),
    // Another change runs. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
    row("rds", RDS_CHANGES, "InvalidDBInstanceState", "", Busy),
    row("rds", RDS_CHANGES, "InvalidDBClusterState", "", Busy),
    row("rds", RDS_CHANGES, "InvalidGlobalClusterState", "", Busy),
    row("rds", RDS_CHANGES, "InvalidDBSnapshotState", "", Busy),
    row("rds", RDS_CHANGES, "InvalidDBClusterSnapshotState", "", Busy),
    row("rds", &["CreateDBInstanceReadReplica"], "InvalidParameterValue", "automatic backups are not enabled", Created),
    // Groups that a database still has, or had until a moment ago.
    row("rds", &["DeleteDBSubnetGroup"], "InvalidDBSubnetGroupState", "", Released),
    row("rds", &["DeleteDBParameterGroup", "DeleteDBClusterParameterGroup"], "InvalidDBParameterGroupState", "", Released),
    row("rds", &["ModifyDBParameterGroup", "ModifyDBClusterParameterGroup"], "InvalidDBParameterGroupState", "", Busy),
    row("rds", &["ResetDBParameterGroup", "ResetDBClusterParameterGroup"], "InvalidDBParameterGroupState", "", Busy),
    // Things that were created a moment ago.
    row("rds", &["Create*", "Modify*", "Restore*"], "DBSubnetGroupNotFound", "", Created),
    row("rds", &["CreateDB*", "ModifyDB*", "Restore*"], "DBParameterGroupNotFound", "", Created),
    row("rds", &["CreateDBInstance*", "ModifyDBCluster", "CreateDBCluster", "Restore*"], "DBClusterParameterGroupNotFound", "", Created),
    row("rds", &["CreateDBInstance"], "DBClusterNotFound", "", Created),
    row("rds", &["CreateDBSubnetGroup", "ModifyDBSubnetGroup"], "InvalidSubnet", "", Created),
    row("rds", &["Create*", "Modify*", "Restore*"], "InvalidParameterValue", "invalid security group", Created),
    row("rds", &["Create*", "Modify*", "Restore*"], "KMSKeyNotAccessible", "", Created),
];

/// Calls that give a role to a cluster or a part of one.
const EKS_ROLES: &[&str] = &["Create*", "Update*"];

/// Calls that wait for one another on a cluster.
const EKS_CHANGES: &[&str] =
    &["Activate*", "Associate*", "Create*", "Delete*", "Deregister*", "Disassociate*", "Tag*", "Untag*", "Update*"];

const EKS: &[Row] = &[
    // IAM propagation: provider-aws#8282, #13421 and the messages of
    // https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html
    row("eks", EKS_ROLES, "InvalidParameterException", "role*does not exist", Propagation),
    row("eks", EKS_ROLES, "InvalidParameterException", "role*could not be assumed", Propagation),
    row("eks", EKS_ROLES, "InvalidParameterException", "role*cannot be assumed", Propagation),
    row("eks", EKS_ROLES, "InvalidParameterException", "role*trusted entity is not correct", Propagation),
    row("eks", EKS_ROLES, "InvalidParameterException", "error in role params", Propagation),
    row("eks", EKS_ROLES, "InvalidParameterException", "role*managed policies associated with it", Propagation),
    row("eks", EKS_ROLES, "InvalidParameterException", "role's policy must include", Propagation),
    row("eks", EKS_ROLES, "InvalidRequestException", "role*does not exist", Propagation),
    row("eks", EKS_ROLES, "InvalidRequestException", "role*could not be assumed", Propagation),
    row("eks", EKS_ROLES, "InvalidRequestException", "role*cannot be assumed", Propagation),
    row("eks", EKS_ROLES, "InvalidRequestException", "role*trusted entity is not correct", Propagation),
    row("eks", EKS_ROLES, "InvalidRequestException", "error in role params", Propagation),
    row("eks", EKS_ROLES, "InvalidRequestException", "role*managed policies associated with it", Propagation),
    row("eks", EKS_ROLES, "InvalidRequestException", "role's policy must include", Propagation),
    row("eks", &["CreateAccessEntry"], "InvalidParameterException", "principalArn is invalid", Propagation),
    row("eks", &["CreateAccessEntry"], "InvalidParameterException", "invalid principal", Propagation),
    // A policy right after its access entry: provider-aws#35824.
    row("eks", &["AssociateAccessPolicy"], "ResourceNotFoundException", "", Created),
    // DescribeUpdate right after the call that began the update.
    row("eks", &["DescribeUpdate"], "ResourceNotFoundException", "", Created),
    row(
        "eks",
        &["CreateNodegroup", "CreateAddon", "CreateAccessEntry", "CreatePodIdentityAssociation"],
        "ResourceNotFoundException",
        "no cluster found",
        Created,
    ),
    row("eks", &["TagResource"], "NotFoundException", "", Created),
    row("eks", &["Create*"], "InvalidParameterException", "subnet*does not exist", Created),
    row("eks", &["Create*"], "InvalidParameterException", "security group*does not exist", Created),
    // One update at a time: containers-roadmap#1511.
    row("eks", EKS_CHANGES, "ResourceInUseException", "in progress", Busy),
    row("eks", EKS_CHANGES, "ResourceInUseException", "currently has", Busy),
    row("eks", EKS_CHANGES, "InvalidRequestException", "in progress", Busy),
    row("eks", EKS_CHANGES, "InvalidRequestException", "is not active", Busy),
    row("eks", EKS_CHANGES, "InvalidRequestException", "not in active", Busy),
    row("eks", EKS_CHANGES, "InvalidRequestException", "is currently updating", Busy),
    row("eks", &["Delete*"], "ResourceInUseException", "deletion", Busy),
    // The last node group or add-on is gone, and the cluster does not know yet.
    row("eks", &["DeleteCluster"], "ResourceInUseException", "attached", Settling),
];

/// Calls that change a cache or what belongs to one.
const ELASTICACHE_CHANGES: &[&str] = &[
    "Add*",
    "Complete*",
    "Create*",
    "Decrease*",
    "Delete*",
    "Increase*",
    "ListTagsForResource",
    "Modify*",
    "Reboot*",
    "Rebalance*",
    "Remove*",
    "Reset*",
    "Start*",
    "Test*",
];

const ELASTICACHE: &[Row] = &[
    // A group that is modified or snapshotted takes no change and no tags: provider-aws#33859, #24968.
    row("elasticache", ELASTICACHE_CHANGES, "InvalidReplicationGroupState", "not in available state to perform tagging operations", Busy),
    row("elasticache", ELASTICACHE_CHANGES, "InvalidReplicationGroupState", "", Busy),
    row("elasticache", ELASTICACHE_CHANGES, "InvalidCacheClusterState", "", Busy),
    row("elasticache", ELASTICACHE_CHANGES, "InvalidGlobalReplicationGroupState", "", Busy),
    row("elasticache", ELASTICACHE_CHANGES, "InvalidUserGroupState", "", Busy),
    row("elasticache", ELASTICACHE_CHANGES, "InvalidUserState", "", Busy),
    row("elasticache", &["CreateReplicationGroup"], "InvalidSnapshotState", "", Busy),
    // Groups that a cache still has, or had until a moment ago.
    row("elasticache", &["DeleteCacheSubnetGroup"], "CacheSubnetGroupInUse", "", Released),
    row("elasticache", &["ModifyCacheSubnetGroup"], "SubnetInUse", "", Settling),
    row("elasticache", &["DeleteCacheParameterGroup"], "InvalidCacheParameterGroupState", "", Released),
    row("elasticache", &["Modify*", "Reset*"], "InvalidCacheParameterGroupState", "", Busy),
    // Things that were created a moment ago.
    row("elasticache", &["CreateReplicationGroup", "ModifyReplicationGroup"], "CacheSubnetGroupNotFound", "", Created),
    row("elasticache", &["CreateReplicationGroup", "ModifyReplicationGroup"], "CacheParameterGroupNotFound", "", Created),
    row("elasticache", &["CreateCacheSubnetGroup", "ModifyCacheSubnetGroup"], "InvalidSubnet", "", Created),
    row("elasticache", &["AddTagsToResource", "ListTagsForResource"], "*NotFound", "", Created),
    row("elasticache", &["Create*"], "ServiceLinkedRoleNotFound", "", ServiceLinkedRole),
];

const IAM: &[Row] = &[
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
    row("iam", &["CreateRole", "UpdateAssumeRolePolicy"], "MalformedPolicyDocument", "invalid principal in policy", Propagation),
    row(
        "iam",
        &["AttachRolePolicy", "PutRole*", "TagRole", "UntagRole", "UpdateRole", "UpdateAssumeRolePolicy"],
        "NoSuchEntity",
        "role with name",
        Created,
    ),
    row("iam", &["TagOpenIDConnectProvider", "AddClientID*"], "NoSuchEntity", "", Created),
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
    row("iam", &["DeleteRole", "DeleteOpenIDConnectProvider"], "DeleteConflict", "", Settling),
    row("iam", &["*"], "ConcurrentModification", "", Conflict),
    row("iam", &["*"], "ConcurrentModificationException", "", Conflict),
    row("iam", &["*"], "EntityTemporarilyUnmodifiable", "", Busy),
];

/// Calls that follow CreateKey.
const KMS_CHANGES: &[&str] = &[
    "CreateAlias",
    "CancelKeyDeletion",
    "DisableKey*",
    "EnableKey*",
    "PutKeyPolicy",
    "ReplicateKey",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
];

const KMS: &[Row] = &[
    // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
    row("kms", &["CreateKey", "PutKeyPolicy", "ReplicateKey"], "MalformedPolicyDocumentException", "principal", Propagation),
    // https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency
    row("kms", &["ScheduleKeyDeletion"], "NotFoundException", "", Final),
    row("kms", KMS_CHANGES, "NotFoundException", "", Created),
    // https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    row("kms", KMS_CHANGES, "KMSInvalidStateException", "is creating", Busy),
    row("kms", KMS_CHANGES, "KMSInvalidStateException", "is updating", Busy),
    row("kms", KMS_CHANGES, "ConflictException", "", Conflict),
];

const SECRETS_MANAGER: &[Row] = &[
    // A name is free up to two minutes after a delete without recovery.
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    row("secretsmanager", &["CreateSecret"], "InvalidRequestException", "scheduled for deletion", Settling),
    row("secretsmanager", &["*"], "InvalidRequestException", "in progress", Busy),
    row("secretsmanager", &["Replicate*", "TagResource", "UpdateSecret"], "ResourceNotFoundException", "", Created),
    // The policy of a new key.
    row("secretsmanager", &["CreateSecret", "UpdateSecret"], "EncryptionFailure", "", Created),
];

const LOGS: &[Row] = &[
    // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    row("logs", &["*"], "OperationAbortedException", "", Conflict),
    row("logs", &["Associate*", "Put*", "Tag*", "Untag*"], "ResourceNotFoundException", "", Created),
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html: up to five minutes for a key.
    row(
        "logs",
        &["CreateLogGroup", "AssociateKmsKey"],
        "InvalidParameterException",
        "kms key does not exist or is not allowed",
        Propagation,
    ),
];

const EVERY_SERVICE: &[Row] = &[
    // The first use of a service in an account creates its service-linked role.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    row("", &["Create*"], "", "service linked role", ServiceLinkedRole),
    row("", &["Create*"], "", "service-linked role", ServiceLinkedRole),
];
