"""Prints all that there is in a region, as JSON: a list for each kind of thing.

    inventory.py us-west-2

What AWS brings itself (the default VPC and what is in it, default security groups, AWS's own keys) is left out.
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

region = sys.argv[1]


def client(service):
    return boto3.client(service, region_name=region)


def tags(thing, name="Tags"):
    return {tag["Key"]: tag["Value"] for tag in thing.get(name) or []}


def pages(service, method, key, **arguments):
    it = client(service).get_paginator(method).paginate(**arguments)
    return [thing for page in it for thing in page[key]]


def rule(permission):
    sources = [r["CidrIp"] for r in permission.get("IpRanges", [])] + [r["CidrIpv6"] for r in permission.get("Ipv6Ranges", [])]
    sources += [r["GroupId"] for r in permission.get("UserIdGroupPairs", [])]
    sources += [r["PrefixListId"] for r in permission.get("PrefixListIds", [])]
    protocol = permission["IpProtocol"]
    ports = [None, None] if protocol == "-1" else [permission.get("FromPort"), permission.get("ToPort")]
    return [{"protocol": protocol, "from": ports[0], "to": ports[1], "peer": source} for source in sources]


def rules(permissions):
    return sorted((r for p in permissions for r in rule(p)), key=json.dumps)


def network():
    ec2 = client("ec2")
    default = {vpc["VpcId"] for vpc in pages("ec2", "describe_vpcs", "Vpcs") if vpc["IsDefault"]}

    def attribute(vpc, name, key):
        return ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[key]["Value"]

    vpcs = [
        {
            "id": vpc["VpcId"],
            "cidr": vpc["CidrBlock"],
            "dns_hostnames": attribute(vpc["VpcId"], "enableDnsHostnames", "EnableDnsHostnames"),
            "dns_support": attribute(vpc["VpcId"], "enableDnsSupport", "EnableDnsSupport"),
            "tags": tags(vpc),
        }
        for vpc in pages("ec2", "describe_vpcs", "Vpcs")
        if not vpc["IsDefault"]
    ]
    subnets = [
        {
            "id": subnet["SubnetId"],
            "vpc": subnet["VpcId"],
            "cidr": subnet["CidrBlock"],
            "zone": subnet["AvailabilityZone"],
            "public_ip_on_launch": subnet["MapPublicIpOnLaunch"],
            "tags": tags(subnet),
        }
        for subnet in pages("ec2", "describe_subnets", "Subnets")
        if subnet["VpcId"] not in default
    ]
    route_tables = [
        {
            "id": table["RouteTableId"],
            "vpc": table["VpcId"],
            "subnets": sorted(a["SubnetId"] for a in table["Associations"] if "SubnetId" in a),
            "routes": sorted(
                (
                    {
                        "to": route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock") or route.get("DestinationPrefixListId"),
                        "via": route.get("NatGatewayId") or route.get("GatewayId") or route.get("TransitGatewayId") or route.get("NetworkInterfaceId"),
                    }
                    for route in table["Routes"]
                    if route.get("GatewayId") != "local"
                ),
                key=json.dumps,
            ),
            "tags": tags(table),
        }
        for table in pages("ec2", "describe_route_tables", "RouteTables")
        if table["VpcId"] not in default and not any(a["Main"] for a in table["Associations"])
    ]
    return {
        "vpcs": vpcs,
        "subnets": subnets,
        "route_tables": route_tables,
        "internet_gateways": [
            {"id": g["InternetGatewayId"], "vpcs": [a["VpcId"] for a in g["Attachments"]], "tags": tags(g)}
            for g in pages("ec2", "describe_internet_gateways", "InternetGateways")
            if not default & {a["VpcId"] for a in g["Attachments"]}
        ],
        "nat_gateways": [
            {
                "id": nat["NatGatewayId"],
                "subnet": nat["SubnetId"],
                "addresses": [a.get("AllocationId") for a in nat["NatGatewayAddresses"]],
                "state": nat["State"],
                "tags": tags(nat),
            }
            for nat in pages("ec2", "describe_nat_gateways", "NatGateways")
            if nat["State"] != "deleted"
        ],
        "addresses": [{"id": a["AllocationId"], "domain": a["Domain"], "tags": tags(a)} for a in ec2.describe_addresses()["Addresses"]],
        "security_groups": [
            {
                "id": group["GroupId"],
                "name": group["GroupName"],
                "description": group["Description"],
                "vpc": group["VpcId"],
                "ingress": rules(group["IpPermissions"]),
                "egress": rules(group["IpPermissionsEgress"]),
                "tags": tags(group),
            }
            for group in pages("ec2", "describe_security_groups", "SecurityGroups")
            if group["GroupName"] != "default"
        ],
        "vpc_endpoints": [
            {
                "id": endpoint["VpcEndpointId"],
                "type": endpoint["VpcEndpointType"],
                "service": endpoint["ServiceName"],
                "route_tables": len(endpoint["RouteTableIds"]),
                "subnets": len(endpoint["SubnetIds"]),
                "security_groups": sorted(group["GroupId"] for group in endpoint["Groups"]),
                "private_dns": endpoint["PrivateDnsEnabled"],
                "actions": json.loads(endpoint["PolicyDocument"])["Statement"][0]["Action"],
                "tags": tags(endpoint),
            }
            for endpoint in pages("ec2", "describe_vpc_endpoints", "VpcEndpoints")
            if endpoint["State"] != "deleted"
        ],
        "network_acls": [
            {
                "id": acl["NetworkAclId"],
                "subnets": len(acl["Associations"]),
                "entries": sorted(
                    [entry["Egress"], entry["RuleNumber"], entry["Protocol"], entry["RuleAction"], entry["CidrBlock"], entry.get("PortRange", {}).get("From")]
                    for entry in acl["Entries"]
                ),
                "tags": tags(acl),
            }
            for acl in pages("ec2", "describe_network_acls", "NetworkAcls")
            if not acl["IsDefault"]
        ],
        "peerings": [
            {
                "id": peering["VpcPeeringConnectionId"],
                "from": peering["RequesterVpcInfo"]["CidrBlock"],
                "to": peering["AccepterVpcInfo"]["CidrBlock"],
                "region": peering["AccepterVpcInfo"]["Region"],
                "status": peering["Status"]["Code"],
                "tags": tags(peering),
            }
            for peering in pages("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections")
            if peering["Status"]["Code"] != "deleted"
        ],
        "flow_logs": [
            {
                "id": log["FlowLogId"],
                "of": log["ResourceId"],
                "traffic": log["TrafficType"],
                "kind": log["LogDestinationType"],
                "group": log.get("LogGroupName"),
                "role": log.get("DeliverLogsPermissionArn"),
                "interval": log["MaxAggregationInterval"],
                "tags": tags(log),
            }
            for log in pages("ec2", "describe_flow_logs", "FlowLogs")
        ],
        "network_interfaces": [
            {"id": eni["NetworkInterfaceId"], "subnet": eni["SubnetId"]}
            for eni in pages("ec2", "describe_network_interfaces", "NetworkInterfaces")
        ],
    }


def databases():
    return {
        "db_instances": [
            {
                "id": db["DBInstanceIdentifier"],
                "class": db["DBInstanceClass"],
                "engine": db["Engine"],
                "engine_version": db["EngineVersion"],
                "status": db["DBInstanceStatus"],
                "storage": db["AllocatedStorage"],
                "max_storage": db.get("MaxAllocatedStorage"),
                "storage_type": db["StorageType"],
                "encrypted": db["StorageEncrypted"],
                "name": db.get("DBName"),
                "user": db["MasterUsername"],
                "multi_az": db["MultiAZ"],
                "public": db["PubliclyAccessible"],
                "backup_days": db["BackupRetentionPeriod"],
                "backup_window": db["PreferredBackupWindow"],
                "maintenance_window": db["PreferredMaintenanceWindow"],
                "subnet_group": db["DBSubnetGroup"]["DBSubnetGroupName"],
                "security_groups": sorted(g["VpcSecurityGroupId"] for g in db["VpcSecurityGroups"]),
                "log_exports": sorted(db.get("EnabledCloudwatchLogsExports", [])),
                "deletion_protection": db["DeletionProtection"],
                "endpoint": db["Endpoint"]["Address"],
                "tags": tags(db, "TagList"),
            }
            for db in pages("rds", "describe_db_instances", "DBInstances")
        ],
        "db_subnet_groups": [
            {
                "name": group["DBSubnetGroupName"],
                "description": group["DBSubnetGroupDescription"],
                "vpc": group["VpcId"],
                "subnets": sorted(s["SubnetIdentifier"] for s in group["Subnets"]),
                "tags": tags(client("rds").list_tags_for_resource(ResourceName=group["DBSubnetGroupArn"]), "TagList"),
            }
            for group in pages("rds", "describe_db_subnet_groups", "DBSubnetGroups")
        ],
        "db_snapshots": [
            {"id": snapshot["DBSnapshotIdentifier"], "instance": snapshot["DBInstanceIdentifier"]}
            for snapshot in pages("rds", "describe_db_snapshots", "DBSnapshots", SnapshotType="manual")
        ],
    }


def kubernetes():
    eks = client("eks")
    clusters, groups, addons, entries, identities = [], [], [], [], []
    for name in pages("eks", "list_clusters", "clusters"):
        cluster = eks.describe_cluster(name=name)["cluster"]
        network = cluster["resourcesVpcConfig"]
        setups = cluster["logging"]["clusterLogging"]
        clusters.append(
            {
                "name": name,
                "version": cluster["version"],
                "status": cluster["status"],
                "role": cluster["roleArn"],
                "subnets": sorted(network["subnetIds"]),
                "security_groups": sorted(network["securityGroupIds"]),
                "private_endpoint": network["endpointPrivateAccess"],
                "public_endpoint": network["endpointPublicAccess"],
                "public_from": network["publicAccessCidrs"],
                "encrypted": [kind for config in cluster.get("encryptionConfig", []) for kind in config["resources"]],
                "logs": sorted(t for setup in setups if setup["enabled"] for t in setup["types"]),
                "tags": cluster.get("tags", {}),
            }
        )
        for group_name in pages("eks", "list_nodegroups", "nodegroups", clusterName=name):
            group = eks.describe_nodegroup(clusterName=name, nodegroupName=group_name)["nodegroup"]
            groups.append(
                {
                    "name": group_name,
                    "cluster": name,
                    "status": group["status"],
                    "role": group["nodeRole"],
                    "subnets": sorted(group["subnets"]),
                    "instance_types": group["instanceTypes"],
                    "min": group["scalingConfig"]["minSize"],
                    "max": group["scalingConfig"]["maxSize"],
                    "desired": group["scalingConfig"]["desiredSize"],
                    "capacity": group["capacityType"],
                    "image": group["amiType"],
                    "taints": [[taint["key"], taint.get("value"), taint["effect"]] for taint in group.get("taints", [])],
                    "update": group.get("updateConfig"),
                    "tags": group.get("tags", {}),
                }
            )
        for addon_name in pages("eks", "list_addons", "addons", clusterName=name):
            addon = eks.describe_addon(clusterName=name, addonName=addon_name)["addon"]
            addons.append(
                {
                    "name": addon_name,
                    "cluster": name,
                    "version": addon["addonVersion"],
                    "settings": json.loads(addon.get("configurationValues", "null")),
                    "role": addon.get("serviceAccountRoleArn"),
                    "identities": len(addon.get("podIdentityAssociations", [])),
                    "tags": addon["tags"],
                }
            )
        for principal in pages("eks", "list_access_entries", "accessEntries", clusterName=name):
            entry = eks.describe_access_entry(clusterName=name, principalArn=principal)["accessEntry"]
            policies = pages("eks", "list_associated_access_policies", "associatedAccessPolicies", clusterName=name, principalArn=principal)
            entries.append(
                {
                    "principal": principal,
                    "cluster": name,
                    "groups": sorted(entry["kubernetesGroups"]),
                    "policies": sorted(
                        [policy["policyArn"].rpartition("/")[2], policy["accessScope"]["type"], sorted(policy["accessScope"].get("namespaces", []))]
                        for policy in policies
                    ),
                    "tags": entry["tags"],
                }
            )
        for summary in pages("eks", "list_pod_identity_associations", "associations", clusterName=name):
            identity = eks.describe_pod_identity_association(clusterName=name, associationId=summary["associationId"])["association"]
            identities.append(
                {
                    "id": identity["associationId"],
                    "cluster": name,
                    "of": [identity["namespace"], identity["serviceAccount"]],
                    "role": identity["roleArn"],
                    "session_tags": not identity["disableSessionTags"],
                    "tags": identity["tags"],
                }
            )
    return {"clusters": clusters, "nodegroups": groups, "addons": addons, "access_entries": entries, "pod_identities": identities}


def identities():
    iam = client("iam")
    return {
        "roles": [
            {
                "name": role["RoleName"],
                "arn": role["Arn"],
                "trust": role["AssumeRolePolicyDocument"],
                "policies": sorted(p["PolicyArn"] for p in pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role["RoleName"])),
                "inline": pages("iam", "list_role_policies", "PolicyNames", RoleName=role["RoleName"]),
                "tags": tags(iam.list_role_tags(RoleName=role["RoleName"])),
            }
            for role in pages("iam", "list_roles", "Roles")
        ],
        "policies": [{"arn": p["Arn"]} for p in pages("iam", "list_policies", "Policies", Scope="Local")],
        "oidc_providers": [openid_provider(p["Arn"]) for p in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]],
        "instance_profiles": [{"name": p["InstanceProfileName"]} for p in pages("iam", "list_instance_profiles", "InstanceProfiles")],
    }


def openid_provider(arn):
    provider = client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return {
        "arn": arn,
        "url": provider["Url"],
        "audiences": sorted(provider["ClientIDList"]),
        "fingerprints": sorted(provider["ThumbprintList"]),
        "tags": tags(provider),
    }


def secrets():
    manager = client("secretsmanager")

    def value(secret):
        try:
            return manager.get_secret_value(SecretId=secret["ARN"]).get("SecretString")
        except ClientError as error:
            return None if error.response["Error"]["Code"] == "ResourceNotFoundException" else str(error)

    return {
        "secrets": [
            {"name": s["Name"], "arn": s["ARN"], "description": s.get("Description", ""), "value": value(s), "tags": tags(s)}
            for s in pages("secretsmanager", "list_secrets", "SecretList")
        ]
    }


def logs_and_keys():
    kms = client("kms")
    keys = []
    for key in pages("kms", "list_keys", "Keys"):
        about = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if about["KeyManager"] == "CUSTOMER" and about["KeyState"] != "PendingDeletion":
            keys.append(
                {
                    "id": key["KeyId"],
                    "description": about["Description"],
                    "rotation": kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"],
                    "tags": {t["TagKey"]: t["TagValue"] for t in kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]},
                }
            )
    return {
        "log_groups": [
            {
                "name": group["logGroupName"],
                "days": group.get("retentionInDays"),
                "key": group.get("kmsKeyId"),
                "tags": client("logs").list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"],
            }
            for group in pages("logs", "describe_log_groups", "logGroups")
        ],
        "keys": keys,
        "key_aliases": [
            {"name": a["AliasName"], "key": a.get("TargetKeyId")}
            for a in pages("kms", "list_aliases", "Aliases")
            if not a["AliasName"].startswith("alias/aws/")
        ],
    }


def caches():
    cache = client("elasticache")

    def told(arn):
        return tags(cache.list_tags_for_resource(ResourceName=arn), "TagList")

    members = {c["CacheClusterId"]: c for c in pages("elasticache", "describe_cache_clusters", "CacheClusters")}
    groups = []
    for group in pages("elasticache", "describe_replication_groups", "ReplicationGroups"):
        nodes = [members[m] for m in group["MemberClusters"]]
        groups.append(
            {
                "id": group["ReplicationGroupId"],
                "description": group["Description"],
                "status": group["Status"],
                "node_type": group["CacheNodeType"],
                "nodes": len(nodes),
                "engine": group.get("Engine"),
                "engine_versions": sorted({n["EngineVersion"] for n in nodes}),
                "failover": group["AutomaticFailover"],
                "multi_az": group["MultiAZ"],
                "encrypted_in_transit": group["TransitEncryptionEnabled"],
                "encrypted_at_rest": group["AtRestEncryptionEnabled"],
                "subnet_groups": sorted({n["CacheSubnetGroupName"] for n in nodes}),
                "security_groups": sorted({g["SecurityGroupId"] for n in nodes for g in n["SecurityGroups"]}),
                "tags": told(group["ARN"]),
            }
        )
    return {
        "replication_groups": groups,
        "cache_clusters": [{"id": i} for i, c in members.items() if "ReplicationGroupId" not in c],
        "cache_subnet_groups": [
            {
                "name": g["CacheSubnetGroupName"],
                "description": g["CacheSubnetGroupDescription"],
                "vpc": g["VpcId"],
                "subnets": sorted(s["SubnetIdentifier"] for s in g["Subnets"]),
                "tags": told(g["ARN"]),
            }
            for g in pages("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups")
            if g["CacheSubnetGroupName"] != "default"
        ],
        "cache_parameter_groups": [
            {"name": g["CacheParameterGroupName"]}
            for g in pages("elasticache", "describe_cache_parameter_groups", "CacheParameterGroups")
            if not g["CacheParameterGroupName"].startswith("default.")
        ],
    }


found = {}
for part in [network, databases, kubernetes, identities, secrets, logs_and_keys, caches]:
    found |= part()
json.dump({kind: sorted(things, key=lambda t: json.dumps(t, default=str)) for kind, things in found.items()}, sys.stdout, default=str)
