"""ministack's add-ons, access entries and pod identities, for the clusters that moto has.

What ministack 1.5.33 gets wrong is put right, so that the product never has to bend to an emulator. Each function says what AWS does and
ministack does not. `apply` is called once, before the server starts.
"""

import json

import botocore.session
import ministack.services.eks as eks
from botocore.exceptions import ClientError
from ministack.core.responses import AccountRegionScopedDict


def told(answer) -> dict:
    """The body of an answer."""
    return json.loads(answer[2])


def failed(answer) -> bool:
    return answer[0] != 200


class ClustersOfMoto(AccountRegionScopedDict):
    """Clusters are made, changed and deleted in moto, and looked up there."""

    __slots__ = ("port",)

    def cluster(self, name):
        client = botocore.session.get_session().create_client(
            "eks",
            region_name=eks.get_region(),
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",
        )
        try:
            return client.describe_cluster(name=name)["cluster"]
        except ClientError:
            return None

    def __contains__(self, name):
        return self.cluster(name) is not None


def know_clusters(port: str) -> ClustersOfMoto:
    eks._clusters = ClustersOfMoto()
    eks._clusters.port = port
    return eks._clusters


def keep_tags() -> None:
    """What is tagged later has its tags in its description, too, several are taken away at once, and pod identities take tags."""
    handle = eks._handle_request_sync

    def tagged(arn):
        stores = {"addonArn": eks._addons, "accessEntryArn": eks._access_entries, "associationArn": eks._pod_identity_associations}
        return next((thing for key, store in stores.items() for thing in store.values() if thing[key] == arn), None)

    def handled(method, path, headers, body, query):
        if not path.startswith("/tags/"):
            return handle(method, path, headers, body, query)
        arn = eks.urllib.parse.unquote(path.removeprefix("/tags/"))
        thing = tagged(arn)
        if thing is None:
            return eks._tag_resource_not_found(arn)
        if method == "POST":
            thing["tags"].update(json.loads(body)["tags"])
        elif method == "DELETE":
            for key in query["tagKeys"]:
                thing["tags"].pop(key, None)
        return eks._json_resp(200, {"tags": thing["tags"]} if method == "GET" else {})

    eks._handle_request_sync = handled


def complete_addons() -> None:
    """EKS chooses a version and a namespace, leaves out what an add-on does not have, makes the associations of an add-on's service accounts
    and answers with their ARNs, and takes away the role that an update leaves out."""
    create, update, delete = eks._create_addon, eks._update_addon, eks._delete_addon

    def completed(cluster: str, addon: dict, body: dict) -> None:
        addon["addonVersion"] = addon["addonVersion"] or "v1.0.0-eksbuild.1"
        addon.setdefault("namespaceConfig", body.get("namespaceConfig") or {"namespace": "kube-system"})
        for name in ["serviceAccountRoleArn", "configurationValues"]:
            if not addon.get(name):
                addon.pop(name, None)
        if "podIdentityAssociations" in body:
            disown(addon)
            addon["podIdentityAssociations"] = [own(cluster, addon, identity) for identity in body["podIdentityAssociations"]]

    def own(cluster: str, addon: dict, identity: dict) -> str:
        made = told(eks._create_pod_identity_association(cluster, {**identity, "namespace": addon["namespaceConfig"]["namespace"]}))
        association = made["association"]
        eks._pod_identity_associations[eks._pia_key(cluster, association["associationId"])]["ownerArn"] = addon["addonArn"]
        return association["associationArn"]

    def disown(addon: dict) -> None:
        for key, association in eks._pod_identity_associations.items():
            if association.get("ownerArn") == addon["addonArn"]:
                eks._pod_identity_associations.pop(key)

    def create_addon(cluster, body):
        answer = create(cluster, body)
        if failed(answer):
            return answer
        addon = eks._addons[f"{cluster}/{body['addonName']}"]
        completed(cluster, addon, body)
        return eks._json_resp(200, {"addon": addon})

    def update_addon(cluster, name, body):
        answer = update(cluster, name, body)
        if not failed(answer):
            addon = eks._addons[f"{cluster}/{name}"]
            if "serviceAccountRoleArn" not in body:
                addon.pop("serviceAccountRoleArn", None)
            completed(cluster, addon, body)
        return answer

    def delete_addon(cluster, name):
        answer = delete(cluster, name)
        if not failed(answer):
            disown(told(answer)["addon"])
        return answer

    eks._create_addon, eks._update_addon, eks._delete_addon = create_addon, update_addon, delete_addon


def degrade_new_addons() -> None:
    """coredns is DEGRADED until it has nodes to run on: here for the first two looks at it."""
    create, describe = eks._create_addon, eks._describe_addon
    looks = {}

    def create_addon(cluster, body):
        looks[cluster, body["addonName"]] = 2 if body["addonName"] == "coredns" else 0
        return create(cluster, body)

    def describe_addon(cluster, name):
        answer = describe(cluster, name)
        if failed(answer) or not looks.get((cluster, name)):
            return answer
        looks[cluster, name] -= 1
        issue = {"code": "InsufficientNumberOfReplicas", "message": "no node to run on", "resourceIds": [name]}
        return eks._json_resp(200, {"addon": {**told(answer)["addon"], "status": "DEGRADED", "health": {"issues": [issue]}}})

    eks._create_addon, eks._describe_addon = create_addon, describe_addon


def complete_access_entries(clusters: ClustersOfMoto) -> None:
    """A cluster that takes no entries refuses them, and who is not named is known by the name of the role's sessions, or by the ARN."""
    create, build = eks._create_access_entry, eks._build_access_entry

    def create_access_entry(name, body):
        cluster = clusters.cluster(name)
        if cluster and cluster["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
            message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
            return eks._error(400, "InvalidRequestException", message)
        return create(name, body)

    def build_access_entry(name, principal, body):
        entry = build(name, principal, body)
        if not entry["username"]:
            account, _, role = principal.removeprefix("arn:aws:iam::").partition(":role/")
            session = f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{{{{SessionName}}}}"
            entry["username"] = session if role else principal
        return entry

    eks._create_access_entry, eks._build_access_entry = create_access_entry, build_access_entry


def apply(moto_port: str) -> None:
    clusters = know_clusters(moto_port)
    keep_tags()
    complete_addons()
    degrade_new_addons()
    complete_access_entries(clusters)
