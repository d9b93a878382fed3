"""What AWS refuses or defers and moto 5.2.5 does at once. Each function says what AWS does. `apply` is called once, before the server
starts, after the corrections.
"""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.eks import urls as eks_urls
from moto.eks.exceptions import InvalidParameterException, InvalidRequestException
from moto.eks.models import EKSBackend
from moto.eks.responses import EKSResponse

from corrections import after, before


def hold_by_network_interfaces() -> None:
    """EC2 does not delete a subnet, a security group or a VPC while there are network interfaces in it, detached ones too."""

    def interfaces(backend, holds) -> list:
        return [eni.id for eni in backend.enis.values() if holds(eni)]

    @before(EC2Backend, "delete_subnet")
    def _(self, subnet_id):
        if interfaces(self, lambda eni: eni.subnet.id == subnet_id):
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")

    @before(EC2Backend, "delete_security_group")
    def _(self, name=None, group_id=None):
        if interfaces(self, lambda eni: group_id in [group.id for group in eni._group_set]):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")

    @before(EC2Backend, "delete_vpc")
    def _(self, vpc_id):
        if interfaces(self, lambda eni: eni.subnet.vpc_id == vpc_id):
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def step_to_access_entries() -> None:
    """EKS goes from CONFIG_MAP to API only through API_AND_CONFIG_MAP, and never back.
    https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html"""
    steps = {"CONFIG_MAP": ["API_AND_CONFIG_MAP"], "API_AND_CONFIG_MAP": ["API"], "API": []}
    update = EKSResponse.update_cluster_config

    def update_cluster_config(self):
        asked = (self._get_param("accessConfig") or {}).get("authenticationMode")
        has = self.eks_backend.describe_cluster(self._get_param("name")).access_config["authenticationMode"]
        if asked and asked not in steps[has]:
            message = f"Unsupported authentication mode update from {has} to {asked}"
            raise InvalidParameterException(message=message)
        return update(self)

    EKSResponse.update_cluster_config = update_cluster_config


def associate_encryption() -> None:
    """AssociateEncryptionConfig gives a key to a cluster without one, and refuses a second one."""

    def associate_encryption_config(self):
        cluster = self.eks_backend.describe_cluster(self._get_param("name"))
        if cluster.encryption_config:
            raise InvalidRequestException(message="Encryption is already enabled for this cluster")
        cluster.encryption_config = self._get_param("encryptionConfig")
        update = {"id": "encryption", "status": "Successful", "type": "AssociateEncryptionConfig", "params": [], "errors": []}
        return ActionResult({"update": update})

    EKSResponse.associate_encryption_config = associate_encryption_config
    dispatch = next(iter(eks_urls.url_paths.values()))
    eks_urls.url_paths["{0}/clusters/(?P<name>[^/]+)/encryption-config/associate$"] = dispatch


def number_launch_templates() -> None:
    """A node group answers with the number of the launch template's version, whatever it was asked for, and takes another one in place."""

    def numbered(backend, asked: dict) -> dict:
        ec2 = ec2_backends[backend.account_id][backend.region_name]
        template = next(t for t in ec2.launch_templates.values() if asked.get("id") == t.id or asked.get("name") == t.name)
        default = template.default_version_number
        number = {"$Latest": len(template.versions), "$Default": default, None: default}.get(asked.get("version"), asked.get("version"))
        return {"id": template.id, "name": template.name, "version": str(number)}

    @after(EKSBackend, "create_nodegroup")
    def _(self, group, *args, **kwargs):
        if group.launch_template:
            group.launch_template = numbered(self, group.launch_template)
        return group

    update = EKSResponse.update_nodegroup_version

    def update_nodegroup_version(self):
        asked = self._get_param("launchTemplate")
        if asked:
            group = self.eks_backend.describe_nodegroup(self._get_param("name"), self._get_param("nodegroupName"))
            group.launch_template = numbered(self.eks_backend, asked)
        return update(self)

    EKSResponse.update_nodegroup_version = update_nodegroup_version


def apply() -> None:
    number_launch_templates()
    hold_by_network_interfaces()
    step_to_access_entries()
    associate_encryption()
