"""The endpoint as a resource of CloudFormation: every request is answered, whatever goes wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.error import URLError

import pytest

from functions.endpoint.resource import handler
from tests.functions.conftest import Calls
from whimbrel.aws.clients import client as aws_client


@dataclass
class CloudFormation:
    """Asks, and keeps the answers with their headers."""

    url: str
    answers: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def ask(self, request_type: str, **more: str) -> dict[str, Any]:
        """Return the answer to a request."""
        event = {
            "RequestType": request_type,
            "RequestId": "request-1",
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/whimbrel-test-platform/1",
            "LogicalResourceId": "MqttHost",
            "ResourceType": "Custom::MqttHost",
            "ResponseURL": self.url,
            "ResourceProperties": {},
        }
        handler(event | more, None)
        return self.answers[-1]


@pytest.fixture
def cloudformation(aws: None) -> Iterator[CloudFormation]:
    class Recorder(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            asking.headers.append({name.lower(): value for name, value in self.headers.items()})
            asking.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        asking = CloudFormation(f"http://127.0.0.1:{server.server_port}/answer?signature=s3cret")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield asking
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_the_host_is_the_data_endpoint_of_the_account(cloudformation: CloudFormation, request_type: str) -> None:
    answer = cloudformation.ask(request_type)

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["Host"].endswith("-ats.iot.eu-central-1.amazonaws.com")


def test_an_answer_names_its_request(cloudformation: CloudFormation) -> None:
    answer = cloudformation.ask("Create")

    assert (answer["RequestId"], answer["LogicalResourceId"]) == ("request-1", "MqttHost")
    assert answer["StackId"].endswith(":stack/whimbrel-test-platform/1")


def test_the_link_is_signed_for_no_content_type(cloudformation: CloudFormation) -> None:
    cloudformation.ask("Create")

    assert cloudformation.headers[0]["content-type"] == ""


def test_the_resource_keeps_its_id(cloudformation: CloudFormation) -> None:
    created, updated = cloudformation.ask("Create"), cloudformation.ask("Update")

    deleted = cloudformation.ask("Delete", PhysicalResourceId=created["PhysicalResourceId"])

    assert created["PhysicalResourceId"] == updated["PhysicalResourceId"] == deleted["PhysicalResourceId"] != ""


def test_there_is_nothing_to_delete(cloudformation: CloudFormation, calls: Calls) -> None:
    answer = cloudformation.ask("Delete", PhysicalResourceId="iot:Data-ATS")

    assert answer["Status"] == "SUCCESS"
    assert calls.made == []


@pytest.mark.parametrize("fault", ["timeout", "before"])
def test_a_failure_is_an_answer_too(cloudformation: CloudFormation, calls: Calls, fault: str) -> None:
    calls.begin({0: fault})

    answer = cloudformation.ask("Create")

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith({"timeout": "ReadTimeoutError: ", "before": "Crash: "}[fault])
    assert answer["PhysicalResourceId"]
    assert "Data" not in answer


def test_an_answer_fits_however_long_the_reason(cloudformation: CloudFormation) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("no" * 5000)

    events: Any = aws_client("iot").meta.events
    events.register("before-call.iot.DescribeEndpoint", fail)

    assert 1000 < len(json.dumps(cloudformation.ask("Create"))) < 4096


def test_what_is_logged_does_not_give_the_link_away(
    cloudformation: CloudFormation, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    calls.begin({0: "timeout"})

    cloudformation.ask("Create")

    assert caplog.records
    assert "s3cret" not in caplog.text


def test_an_answer_that_does_not_arrive_is_a_failed_invocation(cloudformation: CloudFormation) -> None:
    with pytest.raises(URLError):
        cloudformation.ask("Delete", ResponseURL="http://127.0.0.1:1/nobody")
