"""What works on the data: Lambdas, queues, IoT rules, workflows, schedules."""

from __future__ import annotations

from aws_cdk import Annotations, CfnOutput, CustomResource, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.catalogue import FUNCTIONS, HTTP_FUNCTIONS
from infra.stacks.code import Code
from infra.stacks.functions import Functions
from infra.stacks.grants import grants
from infra.stacks.identity import Identity
from infra.stacks.ingestion import Ingestion
from infra.stacks.queues import READINGS, Queues
from infra.stacks.stage import Stage
from infra.stacks.storage import Storage
from infra.stacks.streams import ReadingsStream
from infra.stacks.workflows import Workflows, export_name, job_name, workflow_arn

ENDPOINT_PATIENCE = Duration.minutes(10)
"""Room for the two more attempts that Lambda makes by itself, in place of CloudFormation's hour."""


class Platform(Stack):
    """Everything but the data and the API in front of it."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, storage: Storage, code: Code) -> None:
        super().__init__(scope, construct_id)
        queues = Queues(self, "Queues", stage=stage)
        stream = ReadingsStream(self, "Stream", stage=stage) if stage.is_streaming else None
        ingestion = Ingestion(self, "Ingestion", stage=stage, queues=queues, stream=stream)
        self.functions = Functions(
            self,
            "Functions",
            stage=stage,
            code=code,
            grants=grants(
                self,
                storage=storage,
                compaction=queues["compaction"],
                export_arn=workflow_arn(self, export_name(stage)),
                job_arn=workflow_arn(self, job_name(stage)),
                devices=ingestion.devices,
            ),
        )
        for spec in FUNCTIONS:
            function = self.functions.add(spec)
            if stream and spec.queue == READINGS:
                stream.wake(function)
            elif spec.queue:
                queues.wake(function, spec.queue)
        sessions = Identity(self, "Identity", stage=stage).sessions() if stage.has_user_pool else stage.sessions()
        for name, value in sessions.items():
            self.functions["authorizer"].add_environment(name, value)
        for spec in HTTP_FUNCTIONS:
            for name, value in stage.answers().items():
                self.functions[spec.name].add_environment(name, value)
        self.functions["dots"].add_environment("DOTS_BODY_BYTES", str(stage.dots_body_bytes))
        host = self._mqtt_host(self.functions["endpoint"])
        self.functions["provisioning"].add_environment("MQTT_HOST", host)
        Workflows(
            self,
            "Workflows",
            stage=stage,
            export_steps=self.functions["export_steps"],
            job_steps=self.functions["job_steps"],
        )
        if not (stage.python or stage.is_local):
            Annotations.of(self).add_warning_v2(
                "whimbrel:bytecode", "Cold starts will take 2.3 times as long: give -c python=/path/to/python3.13."
            )
        self._sweep_daily(self.functions["compact"])
        CfnOutput(self, "OperatorFunction", value=self.functions["operator"].function_name)
        CfnOutput(self, "DevicePolicyName", value=ingestion.devices.policy)
        CfnOutput(self, "MqttEndpoint", value=host)

    def _mqtt_host(self, endpoint: lambda_.Function) -> str:
        """Return the host that devices connect to, found during the deployment."""
        resource = CustomResource(
            self,
            "MqttHost",
            resource_type="Custom::MqttHost",
            service_token=endpoint.function_arn,
            service_timeout=ENDPOINT_PATIENCE,
        )
        return resource.get_att_string("Host")

    def _sweep_daily(self, compact: lambda_.Function) -> None:
        """Wake compaction once a day for the lanes too quiet to have asked for it."""
        sweep = events.CfnRule(
            self,
            "DailySweep",
            schedule_expression="cron(17 3 * * ? *)",
            targets=[events.CfnRule.TargetProperty(id="compact", arn=compact.function_arn, input='{"sweep": true}')],
        )
        lambda_.CfnPermission(
            self,
            "DailySweepMayInvoke",
            action="lambda:InvokeFunction",
            function_name=compact.function_name,
            principal="events.amazonaws.com",
            source_arn=sweep.attr_arn,
        )
