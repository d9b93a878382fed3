"""Runs an emulator until standard input ends, so that none outlives the tests, however those end.

    serve.py moto PORT
    serve.py ministack PORT MOTO_PORT
"""

import os
import sys
import threading


def leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def serve_moto(port: str) -> None:
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    import claims
    import corrections
    import databases
    import keys
    import refusals
    from moto.server import main

    corrections.apply()
    refusals.apply()
    databases.apply()
    keys.apply()
    claims.apply()
    main(["-H", "127.0.0.1", "-p", port])


def serve_ministack(port: str, moto_port: str) -> None:
    # Without the first two it listens on every interface.
    os.environ.update(BIND_HOST="127.0.0.1", IOT_MTLS_ENABLED="0", GATEWAY_PORT=port, MINISTACK_ACCOUNT_ID="123456789012")
    import ministack.services.elasticache as elasticache
    from ministack.app import main

    import cluster_parts

    elasticache._resolve_subnets = subnets_of_moto(elasticache, moto_port)
    cluster_parts.apply(moto_port)
    sys.argv = ["ministack"]
    main()


def subnets_of_moto(elasticache, moto_port: str):
    """ElastiCache runs here and EC2 in moto: a subnet group's subnets are looked up there."""
    import botocore.session
    from botocore.exceptions import ClientError

    def resolve(params):
        client = botocore.session.get_session().create_client(
            "ec2",
            region_name=elasticache.get_region(),
            endpoint_url=f"http://127.0.0.1:{moto_port}",
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",
        )
        ids = elasticache._extract_configs(params, "SubnetIds", ("SubnetIdentifier", "member"))
        try:
            found = client.describe_subnets(SubnetIds=ids)["Subnets"]
        except ClientError:
            return None
        vpcs = {subnet["VpcId"] for subnet in found}
        if len(vpcs) != 1:
            return None
        zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in found}
        subnets = [{"SubnetIdentifier": i, "SubnetAvailabilityZone": {"Name": zones[i]}} for i in ids]
        return subnets, vpcs.pop()

    return resolve


if __name__ == "__main__":
    threading.Thread(target=leave_with_parent, daemon=True).start()
    {"moto": serve_moto, "ministack": serve_ministack}[sys.argv[1]](*sys.argv[2:])
