"""State machines: starting an execution."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from whimbrel.aws.clients import client
from whimbrel.problems import Unavailable


def start(workflow_arn: str, name: str, data: dict[str, Any]) -> None:
    """Start the execution *name*; starting it twice starts it once.

    Raises:
        Unavailable: it was not started, or nobody knows whether it was.
    """
    workflows = client("stepfunctions")
    try:
        workflows.start_execution(stateMachineArn=workflow_arn, name=name, input=json.dumps(data))
    except workflows.exceptions.ExecutionAlreadyExists:
        return
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("The work could not be started; try again in a moment.") from error
