"""Work that outlasts a request: the export of readings, a slice at a time."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.stacks.grants import Allow
from infra.stacks.logs import log_group
from infra.stacks.review import accept
from infra.stacks.stage import Stage

EXPORT_TIME_LIMIT = Duration.hours(24)

# Every step may be run again: it resumes from the progress it is given.
RETRY = [
    {
        "ErrorEquals": [
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
            "Lambda.ClientExecutionTimeoutException",
        ],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxAttempts": 8,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    },
    {
        "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
        "IntervalSeconds": 5,
        "BackoffRate": 2,
        "MaxAttempts": 3,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    },
]

_EXPORT = {
    "organizationId": "{% $states.input.organizationId %}",
    "exportId": "{% $states.input.exportId %}",
}
_PROGRESS = _EXPORT | {"progress": "{% $states.input.progress %}"}


class Workflows(Construct):
    """The state machines."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, export_steps: lambda_.IFunction) -> None:
        super().__init__(scope, construct_id)
        self.export = sfn.StateMachine(
            self,
            "Export",
            state_machine_name=export_name(stage),
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(export_definition())),
            definition_substitutions={"ExportSteps": export_steps.function_arn},
            timeout=EXPORT_TIME_LIMIT,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_group(self, "ExportLog", f"/aws/vendedlogs/states/{export_name(stage)}"),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        accept(
            self.export,
            "IAM5[Resource::*]",
            reason="Log delivery and X-Ray know no resource-level permissions.",
        )
        self.export.add_to_role_policy(Allow(("lambda:InvokeFunction",), (export_steps.function_arn,)).statement())


def export_name(stage: Stage) -> str:
    """Return the name of the export's state machine."""
    return f"{stage.prefix}-export"


def export_arn(stack: Stack, stage: Stage) -> str:
    """Return its ARN, known before it exists: it calls a Lambda, and another Lambda of the same construct starts it."""
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=export_name(stage),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def export_definition() -> dict[str, Any]:
    """Return the export as a state machine, in JSONata; ``${ExportSteps}`` stands for the Lambda of its steps.

    Its input is ``{organizationId, exportId}``. A step is woken with these, its own name as ``step`` and, after the
    first, the ``progress`` that the step before it returned: an object whose ``done`` ends the writing. Whatever goes
    wrong for good wakes ``fail`` with an ``error``, and fails the execution.
    """
    return {
        "Comment": "Write an export slice by slice; start, every slice, finish and fail may each run more than once.",
        "QueryLanguage": "JSONata",
        "StartAt": "Start",
        "TimeoutSeconds": EXPORT_TIME_LIMIT.to_seconds(),
        "States": {
            "Start": _step("start", _EXPORT, then="MoreToWrite"),
            "MoreToWrite": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.progress.done = true %}", "Next": "Finish"}],
                "Default": "Write",
            },
            "Write": _step("write", _PROGRESS, then="MoreToWrite"),
            "Finish": _step("finish", _PROGRESS, then=None),
            "Fail": _invoke("fail", _EXPORT | {"error": "{% $states.input.error %}"})
            | {"Retry": RETRY, "Next": "Failed"},
            "Failed": {
                "Type": "Fail",
                "Error": "ExportFailed",
                "Cause": "The export's record has the reason.",
            },
        },
    }


def _step(step: str, told: dict[str, str], *, then: str | None) -> dict[str, Any]:
    follow: dict[str, Any] = {"End": True} if then is None else {"Next": then}
    return (
        _invoke(step, told)
        | {
            "Output": _EXPORT | {"progress": "{% $states.result.Payload %}"},
            "Retry": RETRY,
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": _EXPORT | {"error": "{% $states.errorOutput %}"},
                    "Next": "Fail",
                }
            ],
        }
        | follow
    )


def _invoke(step: str, told: dict[str, str]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${ExportSteps}", "Payload": {"step": step} | told},
    }
