#!/usr/bin/env python3
"""Writes a .plat stack with N resources of a given shape: `generate.py SHAPE N FOLDER`.

layered     environments of 50 resources each, from a VPC to its services; about two references per resource
wide        the same with the settings that real databases and clusters have
flat        no references at all
chain       each refers to the one before
hub         all refer to one
components  the layered environment as a component, one instance per key of a `for`
"""

import dataclasses
import pathlib
import sys

LAYER = 50


@dataclasses.dataclass
class Resource:
    """A resource as plat's language has it: attributes are expressions, `after` names what it waits for besides what it refers to."""

    name: str
    kind: str
    attributes: dict
    after: tuple = ()

    def text(self):
        lines = "".join(f"  {key} = {value}\n" for key, value in self.attributes.items())
        after = f"  @after = [{', '.join(self.after)}]\n" if self.after else ""
        return f"resource {self.name}: {self.kind} {{\n{lines}{after}}}\n"


class Layer:
    """One environment of 50 resources. `prefix` keeps the names of several in one stack apart."""

    def __init__(self, prefix, network, name, wide=False):
        self.prefix, self.network, self.name, self.wide = prefix, network, name, wide
        self.resources = []
        self.network_part()
        self.groups_part()
        self.services_part()
        assert len(self.resources) == LAYER, len(self.resources)

    def add(self, name, kind, /, at_after=(), **attributes):
        given = {key: value for key, value in attributes.items() if value is not None}
        self.resources.append(Resource(self.ref(name), kind, given, tuple(self.ref(on) for on in at_after)))

    def ref(self, name):
        return self.prefix + name

    def refs(self, *names):
        return "[" + ", ".join(self.prefix + name for name in names) + "]"

    def tags(self, name, **of):
        more = "".join(f", {key} = {self.prefix}{value}" for key, value in of.items())
        return f'{{ Name = "{self.name}-{name}"{more} }}'

    def network_part(self):
        net = self.network
        self.add("vpc", "aws.ec2.VPC", cidr_block=f"{net}.0.0/16", enable_dns_hostnames="true", tags=self.tags("vpc"))
        self.add("igw", "aws.ec2.InternetGateway", tags=self.tags("igw"))
        self.add("attachment", "aws.ec2.VPCGatewayAttachment", vpc_id=self.ref("vpc"), internet_gateway_id=self.ref("igw"))
        for tier, base in (("public", 0), ("private", 10), ("data", 20)):
            self.add(f"{tier}_table", "aws.ec2.RouteTable", vpc_id=self.ref("vpc"), tags=self.tags(tier))
            for i, zone in enumerate("ab"):
                self.add(f"{tier}_{zone}", "aws.ec2.Subnet", vpc_id=self.ref("vpc"), cidr_block=f"{net}.{base + i}.0/24",
                         availability_zone=f'"us-west-2{zone}"', map_public_ip_on_launch="true" if tier == "public" else None,
                         tags=self.tags(f"{tier}-{zone}"))
                self.add(f"{tier}_{zone}_route", "aws.ec2.SubnetRouteTableAssociation",
                         subnet_id=self.ref(f"{tier}_{zone}"), route_table_id=self.ref(f"{tier}_table"))
        self.add("out", "aws.ec2.Route", route_table_id=self.ref("public_table"), destination_cidr_block="0.0.0.0/0",
                 gateway_id=self.ref("igw"), at_after=["attachment"])

        for zone in "ab":
            self.add(f"address_{zone}", "aws.ec2.EIP", domain='"vpc"', tags=self.tags(zone), at_after=["attachment"])
            self.add(f"nat_{zone}", "aws.ec2.NatGateway", allocation_id=self.ref(f"address_{zone}"), subnet_id=self.ref(f"public_{zone}"),
                     tags=self.tags(zone))
        self.add("private_out", "aws.ec2.Route", route_table_id=self.ref("private_table"), destination_cidr_block="0.0.0.0/0",
                 nat_gateway_id=self.ref("nat_a"))

    def groups_part(self):
        sources = {"web": [], "app": [("web", 8080)], "database": [("app", 5432)], "cache": [("app", 6379), ("web", 6379)]}
        for group, rules in sources.items():
            rules = [f'{{ ip_protocol = "tcp", from_port = {port}, to_port = {port}, source_security_group_id = {self.prefix}{source}_group }}'
                     for source, port in rules]
            rules = rules or ['{ ip_protocol = "tcp", from_port = 443, to_port = 443, cidr_ip = 0.0.0.0/0 }']
            self.add(f"{group}_group", "aws.ec2.SecurityGroup", vpc_id=self.ref("vpc"), group_description=f'"{group} of {self.name}"',
                     security_group_ingress="[" + ", ".join(rules) + "]", tags=self.tags(group))

    def services_part(self):
        name = self.name
        self.add("key", "aws.kms.Key", description=f'"{name}"', tags=self.tags("key"))
        self.add("database_subnets", "aws.rds.DBSubnetGroup", db_subnet_group_name=f'"{name}-database"',
                 db_subnet_group_description=f'"{name}"', subnet_ids=self.refs("data_a", "data_b"), tags=self.tags("database"))
        more = dict(backup_retention_period="7d", preferred_backup_window='"03:00-04:00"', multi_az="true", deletion_protection="true",
                    copy_tags_to_snapshot="true", storage_type='"gp3"', auto_minor_version_upgrade="true",
                    preferred_maintenance_window='"sun:04:00-sun:05:00"',
                    enable_cloudwatch_logs_exports='["postgresql", "upgrade"]') if self.wide else {}
        self.add("database", "aws.rds.DBInstance", db_instance_identifier=f'"{name}"', db_instance_class='"db.t3.medium"',
                 engine='"postgres"', engine_version='"15.4"', allocated_storage="100GiB", storage_encrypted="true", kms_key_id=self.ref("key"),
                 db_subnet_group_name=self.ref("database_subnets"), vpc_security_groups=self.refs("database_group"),
                 master_username='"root"', manage_master_user_password="true", tags=self.tags("database", Vpc="vpc.vpc_id", Table="data_table.route_table_id"), **more)
        self.add("cache_subnets", "aws.elasticache.SubnetGroup", cache_subnet_group_name=f'"{name}-cache"',
                 description=f'"{name}"', subnet_ids=self.refs("data_a", "data_b"))
        self.add("cache", "aws.elasticache.ReplicationGroup", replication_group_id=f'"{name}"',
                 replication_group_description=f'"{name}"', cache_node_type='"cache.t3.micro"', engine='"redis"', num_cache_clusters=2,
                 automatic_failover_enabled="true", at_rest_encryption_enabled="true", transit_encryption_enabled="true",
                 kms_key_id=self.ref("key"), cache_subnet_group_name=self.ref("cache_subnets"),
                 security_group_ids=self.refs("cache_group"),
                 tags=self.tags("cache", Vpc="vpc.vpc_id", Table="data_table.route_table_id"))
        trust = ('{ Version = "2012-10-17", Statement = [{ Effect = "Allow", '
                 'Principal = { Service = "SERVICE.amazonaws.com" }, Action = "sts:AssumeRole" }] }')
        for role, service in (("cluster", "eks"), ("nodes", "ec2"), ("worker", "lambda"), ("jobs", "batch")):
            self.add(f"{role}_role", "aws.iam.Role", role_name=f'"{name}-{role}"',
                     assume_role_policy_document=trust.replace("SERVICE", service), tags=self.tags(role, Vpc="vpc.vpc_id", Key="key.arn"))
        self.add("cluster", "aws.eks.Cluster", name=f'"{name}"', version='"1.28"', role_arn=self.ref("cluster_role"),
                 resources_vpc_config=f'{{ subnet_ids = {self.refs("private_a", "private_b")}, '
                                      f'security_group_ids = {self.refs("app_group")} }}', tags=self.tags("cluster", Vpc="vpc.vpc_id"))
        for size in ("small", "large"):
            self.add(f"{size}_nodes", "aws.eks.Nodegroup", cluster_name=self.ref("cluster"), nodegroup_name=f'"{size}"',
                     node_role=self.ref("nodes_role"), subnets=self.refs("private_a", "private_b"),
                     scaling_config="{ min_size = 1, max_size = 4, desired_size = 2 }", tags=self.tags(size, Vpc="vpc.vpc_id", Group="app_group.group_id"))
        for i in range(LAYER - len(self.resources)):
            self.add(f"log_{i}", "aws.logs.LogGroup", log_group_name=f'"/{name}/{i}"', retention_in_days="30d",
                     kms_key_id=self.ref("key"), tags=self.tags(f"log-{i}", Vpc="vpc.vpc_id", Cluster="cluster.arn"),
                     at_after=["cluster"] if i % 2 else [])


def layered(count, wide=False):
    layers = (Layer(f"e{i}_", f"10.{i % 250}", f"env-{i}", wide) for i in range(max(1, count // LAYER)))
    return {f"part_{i}": layer.resources for i, layer in enumerate(layers)}


def flat(count):
    return in_files([log_group(i) for i in range(count)])


def hub(count):
    key = Resource("key", "aws.kms.Key", {"description": '"hub"'})
    return {"hub": [key], **in_files([log_group(i, kms_key_id="key") for i in range(count - 1)])}


def log_group(i, **more):
    return Resource(f"log_{i}", "aws.logs.LogGroup", {"log_group_name": f'"/log/{i}"', "retention_in_days": "30d", **more})


def chain(count):
    def group(i):
        rule = (f'[{{ ip_protocol = "tcp", from_port = 443, to_port = 443, source_security_group_id = group_{i - 1} }}]')
        ingress = {"security_group_ingress": rule} if i else {}
        return Resource(f"group_{i}", "aws.ec2.SecurityGroup", {"group_description": f'"number {i}"', "vpc_id": "vpc", **ingress})
    return in_files([Resource("vpc", "aws.ec2.VPC", {"cidr_block": "10.0.0.0/16"})] + [group(i) for i in range(count - 1)])


def in_files(resources):
    return {f"part_{i // 1000}": resources[i:i + 1000] for i in range(0, len(resources), 1000)}


def networks(count):
    """The instances of the environment that is a component: names and ranges."""
    return {f"env-{i}": f"10.{i % 250}.0.0/16" for i in range(max(1, count // LAYER))}


def environment():
    """The layered environment with holes for its name, `NAME`, and the first half of its network, `NET`."""
    return Layer("", "NET", "NAME").resources


def components(count):
    """The layered environment as a component in a folder beside the stack."""
    body = texts(environment())
    body = body.replace("NAME", "${name}").replace('"NET', '"').replace("NET.0.0/16", "cidr")
    for tier, base in (("public", 0), ("private", 10), ("data", 20)):
        for i in range(2):
            body = body.replace(f"NET.{base + i}.0/24", f"cidr.subnet(8, {base + i})")
    body = "component Environment {\n  param name: String\n  param cidr: Cidr\n\n" + indent(body) + "}\n"
    instances = ", ".join(f'"{name}" = {cidr}' for name, cidr in networks(count).items())
    main = ('use "./environment".{Environment}\n\n'
            f"let networks = {{ {instances} }}\n\n"
            "resource env: Environment for name, cidr in networks {\n  name = name\n  cidr = cidr\n}\n")
    return {"main.plat": main, "environment/environment.plat": body}


def indent(text):
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def texts(resources):
    return "\n".join(resource.text() for resource in resources)


# What is a list of resources in files; `components` is a text of its own.
MODELS = {"layered": layered, "wide": lambda n: layered(n, wide=True), "flat": flat, "chain": chain, "hub": hub}
SHAPES = [*MODELS, "components"]


def generate(shape, count, folder):
    """Writes the stack; answers with its size in bytes."""
    folder = pathlib.Path(folder)
    head = 'stack bench {\n  tags = { ManagedBy = "plat" }\n}\n\nenv bench { @region = "us-west-2" }\n'
    if shape in MODELS:
        program = {f"{name}.plat": texts(resources) for name, resources in MODELS[shape](count).items()}
    else:
        program = components(count)
    files = {"stack.plat": head, **program}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return sum(len(text) for text in files.values())


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in SHAPES:
        sys.exit(__doc__)
    print(generate(sys.argv[1], int(sys.argv[2]), sys.argv[3]), "bytes")
