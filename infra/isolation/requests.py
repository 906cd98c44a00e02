"""What a call of boto3 asks of IAM: the actions, on which resources, in which context.

From the service authorization reference. A call that is not known here is not let through.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.isolation.evaluator import Request
from infra.isolation.policies import Policies

LEADING_KEYS = "dynamodb:leadingkeys"
Parameters = Mapping[str, Any]


class Unmapped(Exception):
    """Nobody has said what this call takes."""


def requests_of(service: str, operation: str, parameters: Parameters, policies: Policies) -> list[Request]:
    """Return what *operation* of *service* (both as botocore names them) takes.

    Raises:
        Unmapped: it is not known, or is said in a way that is not.
    """
    mapped = MAPPED.get(service)
    found = list(mapped(operation, parameters, policies)) if mapped else []
    if not found:
        raise Unmapped(f"{service}:{operation}")
    return found


def _dynamodb(operation: str, parameters: Parameters, policies: Policies) -> Iterator[Request]:
    if operation in {"Scan", "Query"}:
        resource = _arn(policies, "dynamodb", f"table/{parameters['TableName']}")
        if "IndexName" in parameters:
            resource += f"/index/{parameters['IndexName']}"
        if operation == "Scan":
            yield Request("dynamodb:Scan", resource)
        else:
            attribute = _partition_key(resource, policies)
            yield _about(operation, resource, [{attribute: _queried(attribute, parameters)}], policies)
    else:
        for (action, table), keys in _touched(operation, parameters).items():
            yield _about(action, _arn(policies, "dynamodb", f"table/{table}"), keys, policies)


def _about(action: str, resource: str, keys: list[Any], policies: Policies) -> Request:
    attribute = _partition_key(resource, policies)
    # One value for each partition, as text: the type is not part of it.
    values = {str(next(iter(key[attribute].values()))) for key in keys}
    return Request(f"dynamodb:{action}", resource, {LEADING_KEYS: tuple(sorted(values))})


def _partition_key(resource: str, policies: Policies) -> str:
    if resource not in policies.partition_keys:
        raise Unmapped(f"{resource}, a table that no template has")
    return policies.partition_keys[resource]


def _touched(operation: str, parameters: Parameters) -> dict[tuple[str, str], list[Any]]:
    """Return the items, or their keys, that an operation is about, by the action it takes and the table."""
    found: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    match operation:
        case "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem":
            found[operation, parameters["TableName"]] = [parameters["Item" if operation == "PutItem" else "Key"]]
        case "BatchGetItem":
            for table, wanted in parameters["RequestItems"].items():
                found[operation, table] = wanted["Keys"]
        case "BatchWriteItem":
            for table, writes in parameters["RequestItems"].items():
                found[operation, table] = [
                    write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"]
                    for write in writes
                ]
        case "TransactGetItems" | "TransactWriteItems":
            for item in parameters["TransactItems"]:
                for kind, part in item.items():
                    action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
                    found[action, part["TableName"]].append(part["Item"] if kind == "Put" else part["Key"])
        case _:
            pass
    return found


def _queried(attribute: str, parameters: Parameters) -> Any:
    """Return the value that a query's key condition compares the partition key with."""
    names = parameters.get("ExpressionAttributeNames", {})
    found = [
        parameters["ExpressionAttributeValues"][value]
        for name, value in re.findall(r"(#?\w+)\s*=\s*(:\w+)", parameters.get("KeyConditionExpression", ""))
        if names.get(name, name) == attribute
    ]
    if len(found) != 1:
        raise Unmapped(f"dynamodb:Query by {parameters.get('KeyConditionExpression')}")
    return found[0]


def _s3(operation: str, parameters: Parameters, _: Policies) -> Iterator[Request]:
    bucket = f"arn:aws:s3:::{parameters.get('Bucket')}"
    if parameters.keys() & {"ACL", "Tagging", "VersionId", "GrantRead", "GrantFullControl"}:
        return
    actions = {
        "HeadObject": "GetObject",
        "CreateMultipartUpload": "PutObject",
        "UploadPart": "PutObject",
        "CompleteMultipartUpload": "PutObject",
        "ListParts": "ListMultipartUploadParts",
    }
    match operation:
        case "DeleteObjects":
            for item in parameters["Delete"]["Objects"]:
                yield Request("s3:DeleteObject", f"{bucket}/{item['Key']}")
        case "ListObjectsV2":
            prefix = {"s3:prefix": parameters["Prefix"]} if "Prefix" in parameters else {}
            yield Request("s3:ListBucket", bucket, prefix)
        case "GetObject" | "PutObject" | "DeleteObject" | "AbortMultipartUpload":
            yield Request(f"s3:{operation}", f"{bucket}/{parameters['Key']}")
        case _ if operation in actions:
            yield Request(f"s3:{actions[operation]}", f"{bucket}/{parameters['Key']}")
        case _:
            return


def _sqs(operation: str, parameters: Parameters, policies: Policies) -> Iterator[Request]:
    queue = str(parameters.get("QueueUrl")).rpartition("/")[2]
    if operation in {"SendMessage", "SendMessageBatch"}:
        yield Request("sqs:SendMessage", _arn(policies, "sqs", queue))


def _states(operation: str, parameters: Parameters, _: Policies) -> Iterator[Request]:
    if operation == "StartExecution":
        yield Request("states:StartExecution", parameters["stateMachineArn"])


def _secrets(operation: str, parameters: Parameters, policies: Policies) -> Iterator[Request]:
    if operation == "GetSecretValue":
        secret = parameters["SecretId"]
        arn = secret if secret.startswith("arn:") else _arn(policies, "secretsmanager", f"secret:{secret}")
        yield Request("secretsmanager:GetSecretValue", arn)


def _iot(operation: str, parameters: Parameters, policies: Policies) -> Iterator[Request]:
    about: dict[str, str] = {
        "CreateCertificateFromCsr": "*",
        "AttachThingPrincipal": "*",
        "DetachThingPrincipal": "*",
        "ListThingPrincipals": "*",
        "DescribeEndpoint": "*",
        "CreateThing": "thing/{thingName}",
        "DeleteThing": "thing/{thingName}",
        "DescribeCertificate": "cert/{certificateId}",
        "UpdateCertificate": "cert/{certificateId}",
        "DeleteCertificate": "cert/{certificateId}",
        "AttachPolicy": "{target}",
        "DetachPolicy": "{target}",
        "DeleteConnection": "client/{clientId}",
        "Publish": "topic/{topic}",
    }
    if resource := about.get(operation):
        named = resource.format(**parameters)
        known = named == "*" or named.startswith("arn:")
        yield Request(f"iot:{operation}", named if known else _arn(policies, "iot", named))


def _sts(operation: str, parameters: Parameters, _: Policies) -> Iterator[Request]:
    if operation == "AssumeRole":
        tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", ())}
        context: dict[str, str | tuple[str, ...]] = {f"aws:requesttag/{key.lower()}": tags[key] for key in tags}
        if tags:
            context["aws:tagkeys"] = tuple(tags)
        if keys := parameters.get("TransitiveTagKeys"):
            context["sts:transitivetagkeys"] = tuple(keys)
        context["sts:rolesessionname"] = parameters["RoleSessionName"]
        yield Request("sts:AssumeRole", parameters["RoleArn"], context)
        if tags:
            yield Request("sts:TagSession", parameters["RoleArn"], context)


def _arn(policies: Policies, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{policies.region}:{policies.account}:{resource}"


MAPPED: Mapping[str, Callable[[str, Parameters, Policies], Iterator[Request]]] = {
    "dynamodb": _dynamodb,
    "s3": _s3,
    "sqs": _sqs,
    "stepfunctions": _states,
    "secretsmanager": _secrets,
    "iot": _iot,
    "iot-data": _iot,
    "sts": _sts,
}
