"""What devices meet: their policy, their thing type, and the rules that carry what they say to the queues."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.stacks.grants import Allow, DeviceNames
from infra.stacks.queues import Queues
from infra.stacks.stage import Stage
from infra.stacks.streams import ReadingsStream

DEVICE = "${iot:Connection.Thing.ThingName}"
ORGANIZATION = "${iot:Connection.Thing.Attributes[org]}"
"""An attribute of the thing, written by provisioning: a device cannot name another organization than its own.

Both variables resolve only when the client id is the name of a thing that the certificate is attached to.
"""

READINGS_TOPIC = "v1/readings"
GATEWAY_TOPIC = "v1/gateways"
RETAINED = ("status", "config/reported")
SAID_BY_DEVICES = ("commands/response", "health", *RETAINED)
HEARD_BY_DEVICES = ("commands",)

# Base64, so that an array, a malformed payload and invalid UTF-8 all arrive: what is wrong is for us to quarantine.
READINGS_SQL = (
    "SELECT encode(*, 'base64') AS data, topic(3) AS orgId, topic(4) AS deviceId, timestamp() AS receivedAt, "
    "clientid() AS clientId, principal() AS principal FROM 'v1/readings/+/+'"
)
DEVICE_OF_TOPIC = "${topic(4)}"
"""A stream keeps the messages of a device in order, and spreads devices over its shards."""
PRESENCE_SQL = "SELECT * FROM '$aws/events/presence/+/+'"


class Ingestion(Construct):
    """The device side of the platform, in IoT Core."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, queues: Queues, stream: ReadingsStream | None = None
    ) -> None:
        """Make the rules; readings go into *stream* if there is one, else into their queue."""
        super().__init__(scope, construct_id)
        self._stage = stage
        self._errors = queues.rule_errors
        of_this_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        self._sender = iam.Role(
            self,
            "Rules",
            assumed_by=iam.ServicePrincipal("iot.amazonaws.com", conditions=of_this_account),
        )
        self.devices = DeviceNames(policy=f"{stage.prefix}-device", thing_type=f"{stage.prefix}-device")
        into = self._into_stream(stream.stream) if stream else self._into(queues["readings"])
        readings = self._rule("readings", READINGS_SQL, into)
        self._rule("presence", PRESENCE_SQL, self._into(queues["presence"]))
        iot.CfnThingType(self, "ThingType", thing_type_name=self.devices.thing_type)
        iot.CfnPolicy(
            self,
            "DevicePolicy",
            policy_name=self.devices.policy,
            policy_document=device_policy(Stack.of(self), readings_rule=readings),
        )

    def _rule(self, name: str, sql: str, action: iot.CfnTopicRule.ActionProperty) -> str:
        """Make a rule that does *action*, and return its name."""
        rule_name = f"whimbrel_{self._stage.name}_{name}"
        iot.CfnTopicRule(
            self,
            name,
            rule_name=rule_name,
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                sql=sql,
                aws_iot_sql_version="2016-03-23",
                rule_disabled=False,
                actions=[action],
                error_action=self._into(self._errors),
            ),
        ).node.add_dependency(self._sender)
        return rule_name

    def _into(self, queue: sqs.Queue) -> iot.CfnTopicRule.ActionProperty:
        self._sender.add_to_policy(Allow(("sqs:SendMessage",), (queue.queue_arn,)).statement())
        return iot.CfnTopicRule.ActionProperty(
            sqs=iot.CfnTopicRule.SqsActionProperty(
                queue_url=queue.queue_url, role_arn=self._sender.role_arn, use_base64=False
            )
        )

    def _into_stream(self, stream: kinesis.Stream) -> iot.CfnTopicRule.ActionProperty:
        self._sender.add_to_policy(Allow(("kinesis:PutRecord",), (stream.stream_arn,)).statement())
        return iot.CfnTopicRule.ActionProperty(
            kinesis=iot.CfnTopicRule.KinesisActionProperty(
                stream_name=stream.stream_name, role_arn=self._sender.role_arn, partition_key=DEVICE_OF_TOPIC
            )
        )


def device_policy(stack: Stack, *, readings_rule: str) -> dict[str, Any]:
    """Return the policy of every device's certificate: its own client id, its own topics, nothing with a wildcard.

    Readings may go to the topic itself or, free of IoT Core's message charge, through the rule's own
    (``$aws/rules/<rule>/<topic>``, Basic Ingest).
    """

    def arns(kind: str, *names: str) -> list[str]:
        return [stack.format_arn(service="iot", resource=kind, resource_name=name) for name in names]

    readings = f"{READINGS_TOPIC}/{ORGANIZATION}/{DEVICE}"
    own = f"{GATEWAY_TOPIC}/{ORGANIZATION}/{DEVICE}"
    said = [f"{own}/{name}" for name in SAID_BY_DEVICES]
    retained = [f"{own}/{name}" for name in RETAINED]
    heard = [f"{own}/{name}" for name in HEARD_BY_DEVICES]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": arns("client", DEVICE),
                "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
            },
            {
                "Effect": "Allow",
                "Action": "iot:Publish",
                "Resource": arns("topic", readings, f"$aws/rules/{readings_rule}/{readings}", *said),
            },
            {"Effect": "Allow", "Action": "iot:RetainPublish", "Resource": arns("topic", *retained)},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arns("topicfilter", *heard)},
            {"Effect": "Allow", "Action": "iot:Receive", "Resource": arns("topic", *heard)},
        ],
    }
