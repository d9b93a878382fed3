"""Makes the calls that standard input lists, and prints what each came to.

    calls.py RETRIES < {"region": "us-west-2", "calls": [["ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}], …]}
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def resolve(value, answers):
    """Replaces `$0/Vpc/VpcId` by what the first call answered there, and `{"$hex": "00ff"}` by these bytes."""
    if isinstance(value, dict) and list(value) == ["$hex"]:
        return bytes.fromhex(value["$hex"])
    if isinstance(value, dict):
        return {key: resolve(part, answers) for key, part in value.items()}
    if isinstance(value, list):
        return [resolve(part, answers) for part in value]
    if isinstance(value, str) and value.startswith("$"):
        number, *path = value[1:].split("/")
        found = answers[int(number)]["ok"]
        for part in path:
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found
    return value


def told(value):
    """What JSON has no form for: bytes, and what they are read from, as `{"$hex": "00ff"}`; the rest as its text."""
    if hasattr(value, "read"):
        value = value.read()
    return {"$hex": value.hex()} if isinstance(value, bytes) else str(value)


def main() -> None:
    config = Config(retries={"total_max_attempts": int(sys.argv[1]) + 1, "mode": "standard"}, read_timeout=20)
    asked = json.load(sys.stdin)
    answers = []
    for service, method, arguments in asked["calls"]:
        client = boto3.client(service, region_name=asked["region"], config=config)
        try:
            answer = getattr(client, method)(**resolve(arguments, answers))
            answer.pop("ResponseMetadata", None)
            answers.append({"ok": answer})
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            answers.append({"error": error.response["Error"]["Code"], "class": type(error).__name__, "status": status,
                            "attempts": error.response["ResponseMetadata"].get("RetryAttempts", 0) + 1, "message": str(error)})
        except BotoCoreError as error:
            answers.append({"error": type(error).__name__, "class": type(error).__name__, "status": None, "message": str(error)})
    json.dump(answers, sys.stdout, default=told)


main()
