"""What a device may say and hear, judged by the policy in the template for every pair of devices."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from itertools import product
from typing import Any, NamedTuple

import pytest

from tests.infra.assembly import Assembly, listed


class Device(NamedTuple):
    organization: str
    name: str


# Two organizations with two devices each, and names that are prefixes of one another.
DEVICES = [Device(org, name) for org in ("o1", "o11") for name in ("d1", "d11")]
RULES = "$aws/rules/whimbrel_local_readings"
OWN = "v1/gateways/{0.organization}/{0.name}"
READINGS = "v1/readings/{0.organization}/{0.name}"
SAID = [
    READINGS,
    f"{RULES}/{READINGS}",
    *(f"{OWN}/{n}" for n in ("commands/response", "health", "status", "config/reported")),
]
RETAINED = [f"{OWN}/status", f"{OWN}/config/reported"]
HEARD = [f"{OWN}/commands"]
NEVER = [
    "v1/readings/{0.organization}/+",
    "v1/readings/#",
    "#",
    "v1/gateways/{0.organization}/{0.name}/#",
    "v1/gateways/+/+/commands",
    "$aws/rules/whimbrel_local_presence/v1/readings/{0.organization}/{0.name}",
    "$aws/rules/other/v1/readings/{0.organization}/{0.name}",
    "$aws/things/{0.name}/shadow/update",
    "$aws/things/{0.name}/jobs/start-next",
    "$aws/events/presence/connected/{0.name}",
    "v1/readings/{0.organization}/{0.name}/more",
]


def device_policy(assembly: Assembly) -> dict[str, Any]:
    [policy] = assembly.of_type("AWS::IoT::Policy").values()
    return policy["PolicyDocument"]


def may(assembly: Assembly, device: Device, action: str, resource: str, *, attached: bool = True) -> bool:
    """Judge as IoT Core does: variables resolve for an attached thing only; what does not resolve does not match."""
    variables = {
        "${iot:Connection.Thing.ThingName}": device.name,
        "${iot:Connection.Thing.Attributes[org]}": device.organization,
    }
    for statement in device_policy(assembly)["Statement"]:
        assert statement["Effect"] == "Allow"
        condition = statement.get("Condition", {}).get("Bool", {}).get("iot:Connection.Thing.IsAttached")
        if action not in listed(statement["Action"]) or condition not in (None, str(attached).lower()):
            continue
        for pattern in map(assembly.text, listed(statement["Resource"])):
            local = pattern.removeprefix("arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>:")
            for variable, value in variables.items():
                local = local.replace(variable, value if attached else "\N{REPLACEMENT CHARACTER}")
            if fnmatchcase(resource, local.replace("[", "[[]")):
                return True
    return False


def leaks(assembly: Assembly) -> list[str]:
    """Return every way in which the policy gives a device less than its own, or more."""
    found: list[str] = []

    def expect(device: Device, action: str, resource: str, *, wanted: bool) -> None:
        if may(assembly, device, action, resource) is not wanted:
            found.append(f"{device} {action} {resource}")

    for me, other in product(DEVICES, DEVICES):
        expect(me, "iot:Connect", f"client/{other.name}", wanted=me.name == other.name)
        for topic in SAID:
            expect(me, "iot:Publish", f"topic/{topic.format(other)}", wanted=me == other)
            expect(me, "iot:RetainPublish", f"topic/{topic.format(other)}", wanted=me == other and topic in RETAINED)
            expect(me, "iot:Subscribe", f"topicfilter/{topic.format(other)}", wanted=False)
            expect(me, "iot:Receive", f"topic/{topic.format(other)}", wanted=False)
        for topic in HEARD:
            expect(me, "iot:Subscribe", f"topicfilter/{topic.format(other)}", wanted=me == other)
            expect(me, "iot:Receive", f"topic/{topic.format(other)}", wanted=me == other)
            expect(me, "iot:Publish", f"topic/{topic.format(other)}", wanted=False)
        for topic in NEVER:
            for action, kind in (
                ("Publish", "topic"),
                ("RetainPublish", "topic"),
                ("Subscribe", "topicfilter"),
                ("Receive", "topic"),
            ):
                expect(me, f"iot:{action}", f"{kind}/{topic.format(other)}", wanted=False)
    return found


def test_a_device_has_its_own_topics_and_no_others(assembly: Assembly) -> None:
    assert leaks(assembly) == []


def test_a_certificate_without_its_thing_may_not_even_connect(assembly: Assembly) -> None:
    assert not any(may(assembly, device, "iot:Connect", f"client/{device.name}", attached=False) for device in DEVICES)


def open_all_topics(policy: str) -> str:
    return policy.replace(
        "v1/readings/${iot:Connection.Thing.Attributes[org]}/${iot:Connection.Thing.ThingName}", "v1/*"
    )


def forget_the_organization(policy: str) -> str:
    return policy.replace("${iot:Connection.Thing.Attributes[org]}", "*")


def forget_the_device(policy: str) -> str:
    return policy.replace("${iot:Connection.Thing.ThingName}", "*")


def let_devices_command(policy: str) -> str:
    return policy.replace('"iot:Receive"', '["iot:Receive", "iot:Publish"]')


def take_the_commands(policy: str) -> str:
    return policy.replace('/commands"', '/command"')


@pytest.mark.parametrize(
    "spoil", [open_all_topics, forget_the_organization, forget_the_device, let_devices_command, take_the_commands]
)
def test_a_spoilt_policy_is_seen(assembly: Assembly, spoil: Callable[[str], str]) -> None:
    policy = device_policy(assembly)

    spoilt = json.loads(spoil(json.dumps(policy)))
    assert spoilt != policy
    policy.clear()
    policy.update(spoilt)

    assert leaks(assembly) != []


def test_the_readings_rule_passes_on_any_payload_and_takes_the_organization_from_the_topic(assembly: Assembly) -> None:
    rules = {rule["RuleName"]: rule["TopicRulePayload"] for rule in assembly.of_type("AWS::IoT::TopicRule").values()}

    assert rules["whimbrel_local_readings"]["Sql"] == (
        "SELECT encode(*, 'base64') AS data, topic(3) AS orgId, topic(4) AS deviceId, timestamp() AS receivedAt, "
        "clientid() AS clientId, principal() AS principal FROM 'v1/readings/+/+'"
    )
    assert rules["whimbrel_local_presence"]["Sql"] == "SELECT * FROM '$aws/events/presence/+/+'"


def test_what_a_rule_cannot_deliver_is_kept(assembly: Assembly) -> None:
    rules = assembly.of_type("AWS::IoT::TopicRule").values()
    [errors] = [name for name in assembly.of_type("AWS::SQS::Queue") if "ruleerrors" in name]

    for rule in rules:
        payload = rule["TopicRulePayload"]
        name = rule["RuleName"].removeprefix("whimbrel_local_")
        [action] = payload["Actions"]
        assert payload["RuleDisabled"] is False
        assert f"Queues{name}" in assembly.text(action["Sqs"]["QueueUrl"])
        assert assembly.text(payload["ErrorAction"]["Sqs"]["QueueUrl"]) == f"<{errors}>"


def test_the_rules_may_send_to_their_queues_and_do_nothing_else(assembly: Assembly) -> None:
    [(role, properties)] = [
        item for item in assembly.of_type("AWS::IAM::Role").items() if "iot.amazonaws.com" in json.dumps(item[1])
    ]
    statements = [
        statement
        for policy in assembly.of_type("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    [trust] = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert {action for s in statements for action in listed(s["Action"])} == {"sqs:SendMessage"}
    reached = {assembly.text(resource)[1:-13] for s in statements for resource in listed(s["Resource"])}
    assert reached == {"Queuesreadings", "Queuespresence", "Queuesruleerrors"}


def test_devices_are_sent_to_the_host_that_the_stack_prints(assembly: Assembly) -> None:
    [(name, resource)] = assembly.attributes("Custom::MqttHost").items()
    output = assembly.templates["platform"]["Outputs"]["MqttEndpoint"]["Value"]
    told = assembly.functions()["provisioning"]["Environment"]["Variables"]["MQTT_HOST"]

    assert assembly.text(output) == assembly.text(told) == f"<{name}.Host>"
    assert int(resource["Properties"]["ServiceTimeout"]) < 3600


def test_the_host_is_asked_for_by_a_function_that_already_may(assembly: Assembly) -> None:
    [resource] = assembly.of_type("Custom::MqttHost").values()
    function = assembly.text(resource["ServiceToken"]).removesuffix(".Arn>").removeprefix("<")
    lambdas = assembly.attributes("AWS::Lambda::Function")
    [policy] = [
        name
        for name, properties in assembly.of_type("AWS::IAM::Policy").items()
        if "iot:DescribeEndpoint" in json.dumps(properties)
    ]

    assert lambdas[function]["Properties"]["FunctionName"] == "whimbrel-local-endpoint"
    assert policy in lambdas[function]["DependsOn"]
