"""Whether AWS decides as our evaluator does. **None of this has been run yet**: it takes a deployment."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from functions.catalogue import FUNCTIONS
from infra.isolation.evaluator import Decision, Request, judge
from infra.isolation.requests import LEADING_KEYS
from tests.aws.deployed import Deployment, Twins
from tests.aws.probes import ACCESS_DENIED, PROBES, TAGS, Probe
from whimbrel.ids import Id

SLOW = pytest.mark.skipif(not os.environ.get("WHIMBREL_AWS_SLOW"), reason="takes 16 minutes: set WHIMBREL_AWS_SLOW")


def is_allowed(client: Any, operation: str, params: dict[str, Any]) -> bool:
    """Tell whether AWS lets a call through, whatever comes of it then."""
    try:
        getattr(client, xform_name(operation))(**params)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        reasons: Any = error.response.get("CancellationReasons", [])
        return code not in ACCESS_DENIED and not any("AccessDenied" in str(each.get("Code")) for each in reasons)
    return True


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.function}: {probe.name}")
def test_a_session_reaches_its_own_organization_only(twins: Twins, probe: Probe) -> None:
    names = twins.deployment.names
    client = twins.client(probe.function, probe.service, twins.own)
    params = probe.params(names, twins.own, twins.other if probe.foreign else twins.own)
    if probe.service == "s3" and probe.operation == "GetObject":
        # Without the right to list, what is not there is forbidden, too.
        admin = twins.deployment.session.client("s3")
        admin.put_object(**params, Body=b"probe")
        twins.afterwards(lambda: admin.delete_object(**params))

    assert is_allowed(client, probe.operation, params) == probe.allowed


@pytest.mark.parametrize("case", list(TAGS))
def test_a_session_is_of_one_organization_or_none(twins: Twins, case: str) -> None:
    tags, allowed = TAGS[case]
    role = twins.role("readings")
    said = {key: value.format(twins.own) for key, value in tags.items()}

    try:
        twins.assume(role, said)
    except (ClientError, ParamValidationError):
        assert not allowed
    else:
        assert allowed


@pytest.mark.parametrize("spec", [each for each in FUNCTIONS if each.name != "endpoint"], ids=lambda spec: spec.name)
def test_nobody_but_its_function_assumes_a_tenant_role(twins: Twins, spec: Any) -> None:
    if "TENANT_ROLE_ARN" not in twins.deployment.variables[spec.name]:
        pytest.skip("it has none")

    with pytest.raises(ClientError, match="AccessDenied"):
        twins.assume(twins.deployment.tenant_role(spec.name), {"org": twins.own})


def simulated(deployment: Deployment, documents: list[dict[str, Any]], request: Request) -> bool:
    """Return what IAM's simulator says of *request*."""
    answer = deployment.session.client("iam").simulate_custom_policy(
        PolicyInputList=[json.dumps(document) for document in documents],
        ActionNames=[request.action],
        ResourceArns=[request.resource],
        ContextEntries=[
            {
                "ContextKeyName": key,
                "ContextKeyValues": [value] if isinstance(value, str) else list(value),
                "ContextKeyType": "string" if isinstance(value, str) else "stringList",
            }
            for key, value in request.context.items()
        ],
    )
    [result] = answer["EvaluationResults"]
    return result["EvalDecision"] == "allowed"


def questions(deployment: Deployment, own: str, other: str) -> list[Request]:
    """Return what is put to every role."""
    place = f"arn:aws:dynamodb:{deployment.session.region_name}:{deployment.account}:table"
    names = deployment.names
    tables = {
        f"{place}/{names.registry}": "ORG#{}#device",
        f"{place}/{names.registry}/index/by_parent": "ORG#{}",
        f"{place}/{names.log}": "L#{}#lanes",
        f"{place}/{names.blocks}": "B#{}#device",
        f"{place}/{names.audit}": "ORG#{}#audit",
        f"{place}/{names.auth}": "KEY#{}",
    }
    who = {"aws:principaltag/org": own}
    found = [
        Request(f"dynamodb:{action}", table, {**who, LEADING_KEYS: tuple(key.format(each) for each in about)})
        for table, key in tables.items()
        for action in ("GetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem")
        for about in ((own,), (other,), (own, other))
    ]
    found += [Request("dynamodb:Scan", table, who) for table in tables]
    found += [
        Request(f"s3:{action}", f"arn:aws:s3:::{names.bucket}/organizations/{each}/{folder}/x", who)
        for action in ("GetObject", "PutObject", "DeleteObject")
        for each in (own, other)
        for folder in ("exports", "imports")
    ]
    return found


@pytest.mark.parametrize("which", ["own", "tenant"])
@pytest.mark.parametrize("spec", FUNCTIONS, ids=lambda spec: spec.name)
def test_the_simulator_decides_as_our_evaluator(deployment: Deployment, spec: Any, which: str) -> None:
    if which == "tenant" and "TENANT_ROLE_ARN" not in deployment.variables[spec.name]:
        pytest.skip("it has none")
    role = deployment.roles[spec.name] if which == "own" else deployment.tenant_role(spec.name)
    documents = deployment.documents(role)
    statements = [statement for document in documents for statement in document["Statement"]]
    own, other = Id.new(), Id.new()

    differing = [
        request
        for request in questions(deployment, own, other)
        if simulated(deployment, documents, request) != (judge(statements, request) is Decision.ALLOWED)
    ]

    assert differing == []


DEVICE_TOPICS = {
    "v1/readings/{org}/{device}": True,
    "v1/gateways/{org}/{device}/health": True,
    "v1/readings/{org}/{other}": False,
    "v1/readings/{other}/{device}": False,
    "v1/gateways/{org}/{device}/commands": False,
    "v1/readings/{org}/#": False,
}


@pytest.mark.parametrize("topic", list(DEVICE_TOPICS))
def test_a_device_publishes_to_its_own_topics_only(deployment: Deployment, topic: str) -> None:
    name = deployment.variables["provisioning"]["DEVICE_POLICY_NAME"]
    document = json.loads(deployment.session.client("iot").get_policy(policyName=name)["policyDocument"])
    org, device, other = Id.new(), Id.new(), Id.new()
    place = f"arn:aws:iot:{deployment.session.region_name}:{deployment.account}:topic/"
    context: dict[str, str | tuple[str, ...]] = {
        "iot:Connection.Thing.ThingName": device,
        "iot:Connection.Thing.Attributes[org]": org,
    }
    request = Request("iot:Publish", place + topic.format(org=org, device=device, other=other), context)

    assert simulated(deployment, [document], request) == DEVICE_TOPICS[topic]


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310 (a link that S3 made)
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def a_link(twins: Twins, organization: str) -> str:
    """Return a link, by a session for one's own organization, to an object of *organization*."""
    where = {"Bucket": twins.deployment.names.bucket, "Key": f"organizations/{organization}/exports/linked"}
    admin = twins.deployment.session.client("s3")
    admin.put_object(**where, Body=b"probe")  # pyright: ignore[reportArgumentType]
    twins.afterwards(lambda: admin.delete_object(**where))  # pyright: ignore[reportArgumentType]
    client = twins.client("export_steps", "s3", twins.own)
    return client.generate_presigned_url("get_object", Params=where, ExpiresIn=86_400)


def test_a_link_opens_what_its_session_may(twins: Twins) -> None:
    assert status_of(a_link(twins, twins.own)) == 200
    assert status_of(a_link(twins, twins.other)) == 403


@SLOW
def test_a_link_ends_with_its_session(twins: Twins) -> None:
    link = a_link(twins, twins.own)
    assert status_of(link) == 200

    time.sleep(960)

    assert status_of(link) == 403
