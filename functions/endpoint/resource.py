"""Woken by CloudFormation, as a custom resource: the host that devices connect to, which no AWS resource type tells.

Its attribute ``Host`` is IoT Core's data endpoint: one for each account and region, always there, never ours to delete.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from whimbrel.aws.clients import client
from whimbrel.logs import log

ENDPOINT_TYPE = "iot:Data-ATS"
REASON_LIMIT = 1000
"""CloudFormation takes an answer of at most 4096 bytes."""
ANSWER_TIMEOUT_S = 10


def handler(event: dict[str, Any], _context: object) -> None:
    """Answer a request to create, update or delete the resource, whatever goes wrong.

    Raises:
        URLError: the answer did not arrive; Lambda tries an asynchronous invocation twice more.
    """
    try:
        outcome = {"Status": "SUCCESS", "Data": {} if event["RequestType"] == "Delete" else {"Host": _host()}}
    except Exception as error:  # noqa: BLE001 (a request without an answer holds the stack until its time is over)
        log.exception("endpoint not described")
        outcome = {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"[:REASON_LIMIT]}
    _answer(event, outcome)


def _host() -> str:
    return client("iot").describe_endpoint(endpointType=ENDPOINT_TYPE)["endpointAddress"]


def _answer(event: dict[str, Any], outcome: dict[str, Any]) -> None:
    # A constant id: with another host the resource is updated, not replaced.
    named = {"PhysicalResourceId": ENDPOINT_TYPE} | {
        name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }
    # The link is signed for no content type; without the header urllib would add its own.
    request = Request(  # noqa: S310 (CloudFormation's link)
        event["ResponseURL"], json.dumps(named | outcome).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urlopen(request, timeout=ANSWER_TIMEOUT_S):  # noqa: S310
        log.info("endpoint answered", extra={"status": outcome["Status"]})
