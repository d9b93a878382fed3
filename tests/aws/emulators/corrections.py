"""What moto 5.2.5 gets wrong, put right, so that the product never has to bend to an emulator.

Each function says what AWS does and moto does not. `apply` is called once, before the server starts.
"""

import functools
import json
import threading
import uuid

from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.network_acls import NetworkAcl
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses.vpc_peering_connections import VPCPeeringConnections
from moto.eks import urls as eks_urls
from moto.eks.models import EKSBackend, Nodegroup, eks_backends
from moto.eks.responses import EKSResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import IAMBackend, OpenIDConnectProvider
from moto.iam.responses import IamResponse
from moto.logs.responses import LogsResponse
from moto.rds import utils as rds_utils
from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse
from moto.s3.responses import S3Response


def before(owner: type, name: str):
    """Decorates a check that runs before `owner.name` with the same arguments."""

    def decorate(check):
        original = getattr(owner, name)

        @functools.wraps(original)
        def checked(self, *args, **kwargs):
            check(self, *args, **kwargs)
            return original(self, *args, **kwargs)

        setattr(owner, name, checked)
        return check

    return decorate


def after(owner: type, name: str):
    """Decorates what happens with the result of `owner.name`; what it returns is the new result."""

    def decorate(change):
        original = getattr(owner, name)

        @functools.wraps(original)
        def changed(self, *args, **kwargs):
            return change(self, original(self, *args, **kwargs), *args, **kwargs)

        setattr(owner, name, changed)
        return change

    return decorate


def neighbours(backend):
    """The RDS and EKS backends of the same account and region."""
    return rds_backends[backend.account_id][backend.region_name], eks_backends[backend.account_id][backend.region_name]


def live_nat_gateways(backend) -> list:
    return [nat for nat in backend.nat_gateways.values() if nat.state != "deleted"]


def refuse_deletes_of_what_is_in_use() -> None:
    """EC2 answers DependencyViolation while something still uses the thing."""

    @before(EC2Backend, "delete_subnet")
    def _(self, subnet_id):
        rds, eks = neighbours(self)
        users = [nat.id for nat in live_nat_gateways(self) if nat.subnet_id == subnet_id]
        users += [db.db_instance_identifier for db in rds.databases.values()
                  if db.db_subnet_group and subnet_id in [s["SubnetIdentifier"] for s in db.db_subnet_group.subnets]]
        users += [c.name for c in eks.clusters.values() if subnet_id in c.resources_vpc_config.get("subnetIds", [])]
        if users:
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")

    @before(EC2Backend, "delete_security_group")
    def _(self, name=None, group_id=None):
        rds, eks = neighbours(self)
        users = [db.db_instance_identifier for db in rds.databases.values() if group_id in (db.vpc_security_group_ids or [])]
        users += [c.name for c in eks.clusters.values() if group_id in c.resources_vpc_config.get("securityGroupIds", [])]
        for groups in self.groups.values():
            for group in groups.values():
                rules = [*group.ingress_rules, *group.egress_rules]
                named = [rule.source_group.get("GroupId") for rule in rules]
                if group.id != group_id and group_id in named:
                    users.append(group.id)
        if users:
            raise DependencyViolationError(f"resource {group_id} has a dependent object")

    @before(EC2Backend, "delete_vpc")
    def _(self, vpc_id):
        gateways = [igw.id for igw in self.internet_gateways.values() if igw.vpc and igw.vpc.id == vpc_id]
        groups = [g.id for g in self.groups.get(vpc_id, {}).values() if g.name != "default"]
        if gateways or groups:
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")

    @before(EC2Backend, "detach_internet_gateway")
    def _(self, internet_gateway_id, vpc_id):
        if any(nat.vpc_id == vpc_id for nat in live_nat_gateways(self)):
            raise DependencyViolationError(
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
            )

    @before(EC2Backend, "release_address")
    def _(self, address=None, allocation_id=None):
        for nat in live_nat_gateways(self):
            if any(a.get("allocationId") == allocation_id or a.get("AllocationId") == allocation_id for a in nat.address_set):
                raise DependencyViolationError(f"The address with allocation id '{allocation_id}' is in use by {nat.id}.")


def free_what_a_nat_gateway_held() -> None:
    """A deleted NAT gateway gives back its address and its network interface."""

    @after(EC2Backend, "delete_nat_gateway")
    def _(self, nat, nat_gateway_id):
        for address in self.addresses:
            if address.eni is nat._eni:
                address.eni = None
                address.association_id = None
        self.enis.pop(nat._eni.id, None)
        return nat


def know_endpoints() -> None:
    """Endpoints are found by more filters and always have a type; a gateway endpoint has no private names, and its routes follow its route
    tables; an interface endpoint without security groups has the network's default one."""
    attributes = {"vpc-endpoint-id": "id", "vpc-id": "vpc_id", "service-name": "service_name"}
    ask = VPCEndPoint.get_filter_value
    VPCEndPoint.get_filter_value = lambda self, name, method=None: (
        getattr(self, attributes[name]) if name in attributes else ask(self, name, method)
    )

    @after(VPCEndPoint, "__init__")
    def _(self, _none, *args, **kwargs):
        # An answer without a type would be one without a meaning.
        self.vpc_endpoint_type = self.vpc_endpoint_type or "Gateway"
        if self.vpc_endpoint_type == "Gateway":
            self.private_dns_enabled = False
        else:
            self.security_group_ids = self.security_group_ids or [
                group.id for group in self.ec2_backend.groups[self.vpc_id].values() if group.name == "default"
            ]

    @after(EC2Backend, "modify_vpc_endpoint")
    def _(self, _none, vpc_id, *args, add_route_tables=None, remove_route_tables=None, **kwargs):
        prefixes = self.vpc_end_points[vpc_id].destination_prefix_list_id
        for table in add_route_tables or []:
            self.create_route(table, None, gateway_id=vpc_id, destination_prefix_list_id=prefixes)
        for table in remove_route_tables or []:
            self.delete_route(table, prefixes)


def know_network_acls() -> None:
    """Network ACLs are found by their own ids, too."""
    ask = NetworkAcl.get_filter_value
    NetworkAcl.get_filter_value = lambda self, name, method=None: self.id if name == "network-acl-id" else ask(self, name, method)


def find_peering_connections() -> None:
    """DescribeVpcPeeringConnections knows filters; moto answers with all connections."""

    def describe(self):
        wanted = self._filters_from_querystring()

        def fits(connection) -> bool:
            known = {
                "vpc-peering-connection-id": [connection.id],
                "requester-vpc-info.vpc-id": [connection.vpc.id],
                "accepter-vpc-info.vpc-id": [connection.peer_vpc.id],
                "accepter-vpc-info.owner-id": [connection.peer_vpc.owner_id],
                **{f"tag:{tag['key']}": [tag["value"]] for tag in connection.get_tags()},
            }
            return all(set(known.get(name, [])) & set(values) for name, values in wanted.items())

        ids = self._get_param("VpcPeeringConnectionIds", [])
        found = self.ec2_backend.describe_vpc_peering_connections(vpc_peering_ids=ids)
        return ActionResult({"VpcPeeringConnections": [one for one in found if fits(one)]})

    VPCPeeringConnections.describe_vpc_peering_connections = describe


def let_windows_touch() -> None:
    """RDS lets a maintenance window start when the backup window ends; moto takes 0 seconds in common for an overlap."""
    overlap = rds_utils.get_overlap_between_two_date_ranges
    rds_utils.get_overlap_between_two_date_ranges = lambda *times: overlap(*times) or -1


def keep_modified_subnet_groups() -> None:
    """ModifyDBSubnetGroup changes the group; moto removes it."""

    @after(RDSBackend, "modify_db_subnet_group")
    def _(self, group, *args, **kwargs):
        self.subnet_groups[group.name] = group
        return group

    @before(RDSBackend, "delete_subnet_group")
    def _(self, subnet_name):
        for db in self.databases.values():
            if db.db_subnet_group and db.db_subnet_group.name == subnet_name:
                raise RDSClientError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
                    f"{db.db_instance_identifier} is still using it.",
                )


def answer_for_public_access() -> None:
    """DescribeDBInstances always says whether an instance is public."""

    @after(DBInstance, "__init__")
    def _(self, _none, *args, **kwargs):
        self.publicly_accessible = bool(self.publicly_accessible)


def reset_parameters() -> None:
    """ResetDBParameterGroup and its sibling of clusters give the named parameters their family's values back; moto has neither."""

    def resets(groups: str, key: str):
        def reset(self):
            name = self.params[key]
            for parameter in self.params.get("Parameters", []):
                getattr(self.backend, groups)[name].parameters.pop(parameter.original_dict()["ParameterName"], None)
            return ActionResult({key: name})

        return reset

    RDSResponse.reset_db_parameter_group = resets("db_parameter_groups", "DBParameterGroupName")
    RDSResponse.reset_db_cluster_parameter_group = resets("db_cluster_parameter_groups", "DBClusterParameterGroupName")


def complete_clusters() -> None:
    """EKS says which VPC a cluster is in, and makes a security group of its own for it."""

    @after(EKSBackend, "create_cluster")
    def _(self, cluster, *args, **kwargs):
        config = cluster.resources_vpc_config
        ec2 = ec2_backends[self.account_id][self.region_name]
        config["vpcId"] = ec2.get_subnet(config["subnetIds"][0]).vpc_id
        config["clusterSecurityGroupId"] = "sg-0" + uuid.uuid4().hex[:16]
        for name, default in {
            "securityGroupIds": [],
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
        }.items():
            config.setdefault(name, default)
        every = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
        cluster.logging = {"clusterLogging": log_setups(every, [], (cluster.logging or {}).get("clusterLogging", []))}
        return cluster


def know_who_is_let_in() -> None:
    """A cluster keeps how it lets in; by its config map alone unless it was told otherwise."""
    create = EKSResponse.create_cluster

    def create_cluster(self):
        result = create(self)
        asked = self._get_param("accessConfig") or {}
        cluster = self.eks_backend.describe_cluster(self._get_param("name"))
        cluster.access_config = {"authenticationMode": asked.get("authenticationMode") or "CONFIG_MAP"}
        return result

    EKSResponse.create_cluster = create_cluster


def log_setups(every: list, on: list, changes: list) -> list:
    """EKS answers with the log types that are on and those that are off."""
    on = set(on)
    for change in changes:
        on = on | set(change["types"]) if change.get("enabled") else on - set(change["types"])
    setups = [{"types": [t for t in every if t in on], "enabled": True}, {"types": [t for t in every if t not in on], "enabled": False}]
    return [setup for setup in setups if setup["types"]]


def update_clusters() -> None:
    """UpdateClusterConfig merges, and answers with an update that DescribeUpdate knows; versions can be raised."""
    every = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

    def answer(kind: str):
        return ActionResult({"update": {"id": str(uuid.uuid4()), "status": "Successful", "type": kind, "params": [], "errors": []}})

    def update_cluster_config(self):
        cluster = self.eks_backend.describe_cluster(self._get_param("name"))
        cluster.resources_vpc_config.update(self._get_param("resourcesVpcConfig") or {})
        cluster.access_config.update(self._get_param("accessConfig") or {})
        changes = (self._get_param("logging") or {}).get("clusterLogging", [])
        if changes:
            on = [t for setup in cluster.logging["clusterLogging"] if setup["enabled"] for t in setup["types"]]
            cluster.logging = {"clusterLogging": log_setups(every, on, changes)}
        return answer("LoggingUpdate" if changes else "EndpointAccessUpdate")

    def update_cluster_version(self):
        self.eks_backend.describe_cluster(self._get_param("name")).version = self._get_param("version")
        return answer("VersionUpdate")

    def update_nodegroup_version(self):
        backend, name = self.eks_backend, self._get_param("name")
        group = backend.describe_nodegroup(name, self._get_param("nodegroupName"))
        group.version = self._get_param("version") or backend.describe_cluster(name).version
        return answer("VersionUpdate")

    def describe_update(self):
        return answer("ConfigUpdate")

    EKSResponse.update_cluster_config = update_cluster_config
    EKSResponse.update_cluster_version = update_cluster_version
    EKSResponse.update_nodegroup_version = update_nodegroup_version
    EKSResponse.describe_update = describe_update
    dispatch = next(iter(eks_urls.url_paths.values()))
    for path in ["updates", "updates/(?P<updateId>[^/]+)", "node-groups/(?P<nodegroupName>[^/]+)/update-version"]:
        eks_urls.url_paths["{0}/clusters/(?P<name>[^/]+)/" + path + "$"] = dispatch


def complete_node_groups() -> None:
    """A node group keeps its update settings, follows its cluster's version, and has no remote access unless asked."""

    @after(EKSBackend, "create_nodegroup")
    def _(self, group, *args, **kwargs):
        if not kwargs.get("version"):
            group.version = self.clusters[group.cluster_name].version
            group.release_version = f"{group.version}.5-20240101"
        if not kwargs.get("remote_access"):
            group.remote_access = None
            group.resources.pop("remoteAccessSecurityGroup", None)
        return group

    create = EKSResponse.create_nodegroup

    def create_nodegroup(self):
        result = create(self)
        group: Nodegroup = self.eks_backend.describe_nodegroup(self._get_param("name"), self._get_param("nodegroupName"))
        group.update_config = self._get_param("updateConfig") or {"maxUnavailable": 1}
        return result

    EKSResponse.create_nodegroup = create_nodegroup


def know_field_indexes() -> None:
    """Log groups have the field index policy that was put."""

    def groups(self):
        return self.logs_backend.__dict__.setdefault("field_indexes", {})

    def put_index_policy(self):
        name, document = self._get_param("logGroupIdentifier"), self._get_param("policyDocument")
        groups(self)[name] = {"logGroupIdentifier": name, "policyDocument": document, "source": "LOG_GROUP"}
        return json.dumps({"indexPolicy": groups(self)[name]})

    def describe_index_policies(self):
        asked = self._get_param("logGroupIdentifiers")
        return json.dumps({"indexPolicies": [policy for name, policy in groups(self).items() if name in asked]})

    def delete_index_policy(self):
        groups(self).pop(self._get_param("logGroupIdentifier"), None)
        return "{}"

    LogsResponse.put_index_policy = put_index_policy
    LogsResponse.describe_index_policies = describe_index_policies
    LogsResponse.delete_index_policy = delete_index_policy


def tag_node_groups() -> None:
    """EKS tags node groups as it tags clusters; moto only clusters."""

    def tagged(backend, arn):
        things = [*backend.clusters.values(), *(g for c in backend.clusters.values() for g in c.nodegroups.values())]
        return next((thing for thing in things if thing.arn == arn), None)

    for name, change in {
        "tag_resource": lambda thing, tags: thing.tags.update(tags),
        "untag_resource": lambda thing, keys: [thing.tags.pop(key, None) for key in ([keys] if isinstance(keys, str) else keys)],
        "list_tags_for_resource": lambda thing: thing.tags,
    }.items():
        original = getattr(EKSBackend, name)

        def corrected(self, resource_arn, *args, _original=original, _change=change):
            thing = tagged(self, resource_arn)
            return _change(thing, *args) if thing else _original(self, resource_arn, *args)

        setattr(EKSBackend, name, corrected)


def change_openid_providers() -> None:
    """IAM adds and removes audiences, looks up the fingerprint that was not given, and does not find what is gone; moto has none of it."""

    def changes(change):
        def changed(self):
            provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
            audience = self._get_param("ClientID")
            provider.client_id_list = change([one for one in provider.client_id_list if one != audience], audience)
            return EmptyResult()

        return changed

    IamResponse.add_client_id_to_open_id_connect_provider = changes(lambda others, audience: [*others, audience])
    IamResponse.remove_client_id_from_open_id_connect_provider = changes(lambda others, audience: others)

    @after(OpenIDConnectProvider, "__init__")
    def _(self, _none, *args, **kwargs):
        self.thumbprint_list = self.thumbprint_list or ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]

    @before(IAMBackend, "delete_open_id_connect_provider")
    def _(self, arn):
        self.get_open_id_connect_provider(arn)


def write_objects_one_at_a_time() -> None:
    """S3 looks at a write's condition and writes in one step; moto in two, between which another thread may write."""
    lock, original = threading.Lock(), S3Response.put_object

    @functools.wraps(original)
    def put_object(self):
        with lock:
            return original(self)

    S3Response.put_object = put_object


def apply() -> None:
    refuse_deletes_of_what_is_in_use()
    free_what_a_nat_gateway_held()
    know_endpoints()
    know_network_acls()
    find_peering_connections()
    let_windows_touch()
    keep_modified_subnet_groups()
    answer_for_public_access()
    reset_parameters()
    complete_clusters()
    update_clusters()
    complete_node_groups()
    know_field_indexes()
    tag_node_groups()
    know_who_is_let_in()
    change_openid_providers()
    write_objects_one_at_a_time()
