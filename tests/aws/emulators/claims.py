"""What belongs to one resource at a time in AWS, where moto 5.2.5 lets two have it. Each function says what AWS does.

Subnets that overlap, routes to one destination, rules and numbers that are there twice: moto refuses those itself, and
tests/aws/harness.rs holds it to that. `apply` is called once, before the server starts, after the corrections.
"""

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidSecurityGroupDuplicateError,
    ResourceAlreadyAssociatedError,
)
from moto.ec2.models import EC2Backend
from moto.iam.exceptions import EntityAlreadyExists
from moto.iam.models import IAMBackend

from corrections import before


def associate_subnets_once() -> None:
    """A subnet with a route table of its own is not associated with another one, nor with the same one again.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html"""

    @before(EC2Backend, "associate_route_table")
    def _(self, route_table_id, gateway_id=None, subnet_id=None):
        tables = self.route_tables.values()
        if subnet_id and any(subnet_id in table._associations.values() for table in tables):
            raise ResourceAlreadyAssociatedError(subnet_id)


def attach_one_internet_gateway() -> None:
    """A network has one internet gateway."""

    @before(EC2Backend, "attach_internet_gateway")
    def _(self, internet_gateway_id, vpc_id):
        if any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in self.internet_gateways.values()):
            raise EC2ClientError("InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached")


def use_addresses_once() -> None:
    """An Elastic IP that a NAT gateway has is not given to another one."""

    @before(EC2Backend, "create_nat_gateway")
    def _(self, subnet_id, allocation_id, *args, **kwargs):
        for gateway in self.nat_gateways.values():
            has = [address.get("allocationId") for address in gateway.address_set]
            if allocation_id and allocation_id in has and gateway.state != "deleted":
                raise ResourceAlreadyAssociatedError(allocation_id)


def disregard_case_of_group_names() -> None:
    """Names of security groups are compared without case and without spaces at their end.
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html"""

    def folded(name: str) -> str:
        return name.rstrip().lower()

    @before(EC2Backend, "create_security_group")
    def _(self, name, description, vpc_id=None, *args, **kwargs):
        groups = self.groups[vpc_id or self.default_vpc.id].values()
        if not kwargs.get("force") and any(folded(group.name) == folded(name) for group in groups):
            raise InvalidSecurityGroupDuplicateError(name)


def disregard_case_of_role_names() -> None:
    """Names of roles are unique in the account without case.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

    @before(IAMBackend, "create_role")
    def _(self, role_name, *args, **kwargs):
        if any(role.name.lower() == role_name.lower() for role in self.roles.values()):
            raise EntityAlreadyExists(f"Role with name {role_name} already exists.")


def apply() -> None:
    associate_subnets_once()
    attach_one_internet_gateway()
    use_addresses_once()
    disregard_case_of_group_names()
    disregard_case_of_role_names()
