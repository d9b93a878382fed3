"""What RDS fills in, refuses and shows late, and moto 5.2.5 does not. Each function says what AWS does. `apply` is called once, before
the server starts, after the corrections.
"""

import functools
import time

from moto.rds.exceptions import DBInstanceNotFoundError, InvalidParameterCombination
from moto.rds.models import DBInstance, RDSBackend

from corrections import after, before

# Seconds that an instance is created for when its name starts with `slow-`.
SLOW = 12


def threshold(engine: str) -> int:
    """GiB from which on the rate of gp3 can be chosen.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage"""
    return 0 if engine.startswith("sqlserver") else 200 if engine.startswith("oracle") else 400


def fill_the_rate_of_gp3() -> None:
    """gp3 has 3000 IOPS and 125 MiB/s below the threshold, where RDS refuses to be told any, and 12000 and 500 from there on at least."""

    def own(database) -> tuple:
        large = database.allocated_storage >= (threshold(database.engine) or 1 << 30)
        return (12000, 500) if large else (3000, 125)

    def refuse(engine: str, storage_type: str, size: int, iops, throughput) -> None:
        if storage_type != "gp3" or (iops is None and throughput is None):
            return
        least = threshold(engine)
        if size < least:
            raise InvalidParameterCombination(
                f"You can't specify IOPS or storage throughput for engine {engine} and a storage size less than {least}."
            )
        if least and iops is not None and int(iops) < 12000:
            raise InvalidParameterCombination(f"Invalid iops value for engine {engine} and storage type gp3: {iops}")

    @before(DBInstance, "__init__")
    def _(self, backend, **kwargs):
        if not kwargs.get("db_cluster_identifier"):
            asked = (kwargs.get("iops"), kwargs.get("storage_throughput"))
            refuse(kwargs["engine"], kwargs.get("storage_type") or "gp2", int(kwargs.get("allocated_storage") or 0), *asked)

    @after(DBInstance, "__init__")
    def _(self, _none, backend, **kwargs):
        if not kwargs.get("db_cluster_identifier") and self.storage_type == "gp3" and self.iops is None:
            self.iops, self.storage_throughput = own(self)

    @before(RDSBackend, "modify_db_instance")
    def _(self, identifier, kwargs):
        database = self.databases.get(identifier)
        if database is None or database.db_cluster_identifier:
            return
        kind = kwargs.get("storage_type") or database.storage_type
        size = kwargs.get("allocated_storage") or database.allocated_storage
        refuse(database.engine, kind, size, kwargs.get("iops"), kwargs.get("storage_throughput"))

    @after(RDSBackend, "modify_db_instance")
    def _(self, database, identifier, kwargs):
        changed = kwargs.get("allocated_storage") or kwargs.get("storage_type")
        if not database.db_cluster_identifier and database.storage_type == "gp3" and changed and kwargs.get("iops") is None:
            database.iops, database.storage_throughput = own(database)
        return database


def monitor_with_a_role_and_an_interval() -> None:
    """ModifyDBInstance takes a role only with an interval that is not 0, and an interval only with a role. Turned off, there is no role."""

    @before(RDSBackend, "modify_db_instance")
    def _(self, identifier, kwargs):
        interval, role = kwargs.get("monitoring_interval"), kwargs.get("monitoring_role_arn")
        if role and not interval:
            raise InvalidParameterCombination(
                "You must specify a MonitoringInterval value other than 0 when you specify a MonitoringRoleARN value."
            )
        database = self.databases.get(identifier)
        if interval and not (role or (database and database.monitoring_role_arn)):
            raise InvalidParameterCombination(
                "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0."
            )

    @after(RDSBackend, "modify_db_instance")
    def _(self, database, identifier, kwargs):
        if kwargs.get("monitoring_interval") == 0:
            database.monitoring_role_arn = None
        return database


def keep_performance_insights() -> None:
    """DescribeDBInstances and DescribeDBClusters say whether Performance Insights is on."""

    @after(DBInstance, "__init__")
    def _(self, _none, backend, **kwargs):
        self.performance_insights_enabled = bool(kwargs.get("enable_performance_insights"))

    @after(RDSBackend, "modify_db_instance")
    def _(self, database, identifier, kwargs):
        if kwargs.get("enable_performance_insights") is not None:
            database.performance_insights_enabled = kwargs["enable_performance_insights"]
        return database

    @after(RDSBackend, "create_db_cluster")
    def _(self, cluster, kwargs):
        cluster.performance_insights_enabled = bool(kwargs.get("enable_performance_insights"))
        cluster.monitoring_interval = int(kwargs.get("monitoring_interval") or 0)
        cluster.monitoring_role_arn = kwargs.get("monitoring_role_arn")
        return cluster


def leave_members_to_their_cluster() -> None:
    """A new member has the Performance Insights and the monitoring of its cluster. Its engine version is the cluster's, and is changed
    there. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html"""

    @after(RDSBackend, "create_db_instance")
    def _(self, database, kwargs):
        cluster = self.clusters.get(database.db_cluster_identifier) if database.db_cluster_identifier else None
        if cluster is not None:
            for name in ["performance_insights_enabled", "monitoring_interval", "monitoring_role_arn"]:
                if not getattr(database, name, None):
                    setattr(database, name, getattr(cluster, name, None))
        return database

    def refuse(backend, cluster_identifier, version) -> None:
        if cluster_identifier and version:
            raise InvalidParameterCombination(
                f"The specified DB Instance is a member of the cluster {cluster_identifier}: "
                "modify the DB engine version of the cluster."
            )

    @before(RDSBackend, "create_db_instance")
    def _(self, kwargs):
        refuse(self, kwargs.get("db_cluster_identifier"), kwargs.get("engine_version"))

    @before(RDSBackend, "modify_db_instance")
    def _(self, identifier, kwargs):
        database = self.databases.get(identifier)
        refuse(self, database.db_cluster_identifier if database else None, kwargs.get("engine_version"))


def keep_what_is_not_applied_at_once_pending() -> None:
    """What is not to be applied immediately stays among the pending values."""
    kinds = {"backup_retention_period": "BackupRetentionPeriod", "db_instance_class": "DBInstanceClass", "multi_az": "MultiAZ"}
    modify = RDSBackend.modify_db_instance

    @functools.wraps(modify)
    def modify_db_instance(self, identifier, kwargs):
        later = {} if kwargs.get("apply_immediately", False) else {k: kwargs.pop(k) for k in list(kinds) if kwargs.get(k) is not None}
        database = modify(self, identifier, kwargs)
        if later:
            pending = getattr(database, "pending_modified_values", None) or {}
            database.pending_modified_values = {**pending, **{kinds[k]: v for k, v in later.items()}}
        return database

    RDSBackend.modify_db_instance = modify_db_instance


def restore_with_what_is_turned_off() -> None:
    """A restore takes `false` for an answer; moto keeps what the snapshot's cluster had."""

    @after(RDSBackend, "restore_db_cluster_from_snapshot")
    def _(self, cluster, from_snapshot_id, overrides):
        for one in [cluster, self.clusters[overrides["db_cluster_identifier"]]]:
            for name in ["copy_tags_to_snapshot", "deletion_protection"]:
                if overrides.get(name) is False:
                    setattr(one, name, False)
        return cluster


def show_late() -> None:
    """DeleteDBInstance takes its time: the instance is listed as available first, and then as deleting. So does a create."""
    leaving = {}

    @after(RDSBackend, "delete_db_instance")
    def _(self, database, *args, **kwargs):
        leaving[(id(self), database.db_instance_identifier)] = (database, ["available", "deleting"])
        return database

    @after(RDSBackend, "create_db_instance")
    def _(self, database, kwargs):
        leaving.pop((id(self), database.db_instance_identifier), None)
        database.slow_until = time.time() + SLOW if database.db_instance_identifier.startswith("slow-") else 0
        return database

    describe = RDSBackend.describe_db_instances

    @functools.wraps(describe)
    def describe_db_instances(self, db_instance_identifier=None, filters=None):
        try:
            found = describe(self, db_instance_identifier, filters)
        except DBInstanceNotFoundError:
            database, statuses = leaving.get((id(self), db_instance_identifier), (None, []))
            if not statuses:
                raise
            database.status = statuses.pop(0)
            return [database]
        for database in found:
            until = getattr(database, "slow_until", 0)
            if until:
                database.status = "creating" if time.time() < until else "available"
                database.slow_until = until if time.time() < until else 0
        return found

    RDSBackend.describe_db_instances = describe_db_instances


def apply() -> None:
    fill_the_rate_of_gp3()
    monitor_with_a_role_and_an_interval()
    keep_performance_insights()
    leave_members_to_their_cluster()
    keep_what_is_not_applied_at_once_pending()
    restore_with_what_is_turned_off()
    show_late()
