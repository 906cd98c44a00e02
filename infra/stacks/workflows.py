"""Work that outlasts a request, a slice at a time: exports, and all that is a job."""

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

TIME_LIMIT = Duration.hours(24)

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
_JOB = {
    "organizationId": "{% $states.input.organizationId %}",
    "jobId": "{% $states.input.jobId %}",
}


class Workflows(Construct):
    """The state machines."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        export_steps: lambda_.IFunction,
        job_steps: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self.export = self._machine("Export", export_name(stage), export_definition(), export_steps)
        self.job = self._machine("Job", job_name(stage), job_definition(), job_steps)

    def _machine(
        self, construct_id: str, name: str, definition: dict[str, Any], steps: lambda_.IFunction
    ) -> sfn.StateMachine:
        machine = sfn.StateMachine(
            self,
            construct_id,
            state_machine_name=name,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(definition)),
            definition_substitutions={f"{construct_id}Steps": steps.function_arn},
            timeout=TIME_LIMIT,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_group(self, f"{construct_id}Log", f"/aws/vendedlogs/states/{name}"),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        accept(
            machine,
            "IAM5[Resource::*]",
            reason="Log delivery and X-Ray know no resource-level permissions.",
        )
        machine.add_to_role_policy(Allow(("lambda:InvokeFunction",), (steps.function_arn,)).statement())
        return machine


def export_name(stage: Stage) -> str:
    """Return the name of the export's state machine."""
    return f"{stage.prefix}-export"


def job_name(stage: Stage) -> str:
    """Return the name of the state machine of jobs."""
    return f"{stage.prefix}-job"


def workflow_arn(stack: Stack, name: str) -> str:
    """Return a machine's ARN, known before it exists: what it calls and what starts it are made together."""
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=name,
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
        "TimeoutSeconds": TIME_LIMIT.to_seconds(),
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


def job_definition() -> dict[str, Any]:
    """Return a job as a state machine, in JSONata; ``${JobSteps}`` stands for the Lambda of its steps.

    Its input is ``{organizationId, jobId}``; with these, the step ``run`` is woken until it answers ``{done: true}``:
    where it is, the job's record knows. Whatever goes wrong for good wakes ``fail`` with an ``error``.
    """
    return {
        "Comment": "Do a job piece by piece; every step may run more than once.",
        "QueryLanguage": "JSONata",
        "StartAt": "Run",
        "TimeoutSeconds": TIME_LIMIT.to_seconds(),
        "States": {
            "Run": _step("run", _JOB, then="MoreToDo", function="${JobSteps}", subject=_JOB),
            "MoreToDo": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.progress.done = true %}", "Next": "Done"}],
                "Default": "Run",
            },
            "Done": {"Type": "Succeed"},
            "Fail": _invoke("fail", _JOB | {"error": "{% $states.input.error %}"}, "${JobSteps}")
            | {"Retry": RETRY, "Next": "Failed"},
            "Failed": {
                "Type": "Fail",
                "Error": "JobFailed",
                "Cause": "The job's record has the reason.",
            },
        },
    }


def _step(
    step: str,
    told: dict[str, str],
    *,
    then: str | None,
    function: str = "${ExportSteps}",
    subject: dict[str, str] = _EXPORT,
) -> dict[str, Any]:
    follow: dict[str, Any] = {"End": True} if then is None else {"Next": then}
    return (
        _invoke(step, told, function)
        | {
            "Output": subject | {"progress": "{% $states.result.Payload %}"},
            "Retry": RETRY,
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": subject | {"error": "{% $states.errorOutput %}"},
                    "Next": "Fail",
                }
            ],
        }
        | follow
    )


def _invoke(step: str, told: dict[str, str], function: str = "${ExportSteps}") -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": {"step": step} | told},
    }
