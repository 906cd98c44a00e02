"""The stage whose readings go through a stream: the same ingestion, woken by Kinesis."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from functions.catalogue import FUNCTIONS
from infra.app import build, context
from tests.infra.assembly import STAGE, Assembly, listed
from tests.infra.test_grants import called_for, on

# A synthesis of its own, by one worker.
pytestmark = pytest.mark.xdist_group("streams")


def stream_of(assembly: Assembly) -> str:
    [name] = assembly.of_type("AWS::Kinesis::Stream")
    return name


def consumer(assembly: Assembly) -> dict[str, Any]:
    [mapping] = [
        mapping
        for mapping in assembly.of_type("AWS::Lambda::EventSourceMapping").values()
        if stream_of(assembly) in assembly.text(mapping["EventSourceArn"])
    ]
    return mapping


def test_a_stage_with_a_queue_has_no_stream(assembly: Assembly) -> None:
    assert assembly.of_type("AWS::Kinesis::Stream") == {}
    assert not any("kinesis" in action for action, _, _ in assembly.granted(assembly.own_role("ingest")))


def test_the_rule_puts_readings_into_the_stream_by_device(streaming: Assembly) -> None:
    rules = {rule["RuleName"]: rule["TopicRulePayload"] for rule in streaming.of_type("AWS::IoT::TopicRule").values()}
    readings = rules["whimbrel_local_readings"]

    [action] = readings["Actions"]
    assert action["Kinesis"]["PartitionKey"] == "${topic(4)}"
    assert streaming.text(action["Kinesis"]["StreamName"]) == f"<{stream_of(streaming)}>"
    assert "topic(4) AS deviceId" in readings["Sql"]
    assert "ruleerrors" in streaming.text(readings["ErrorAction"]["Sqs"]["QueueUrl"])
    assert "Sqs" in rules["whimbrel_local_presence"]["Actions"][0]


def test_a_batch_that_fails_is_halved_and_in_the_end_set_aside(streaming: Assembly) -> None:
    mapping = consumer(streaming)
    [dead] = [name for name in streaming.of_type("AWS::SQS::Queue") if name.startswith("Streamreadingsdead")]

    assert "Functionsingest" in streaming.text(mapping["FunctionName"])
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRetryAttempts"] == 5
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["MaximumBatchingWindowInSeconds"] == 30
    assert "ScalingConfig" not in mapping
    assert streaming.text(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == f"<{dead}.Arn>"


def test_the_checks_find_nothing_in_a_stage_with_a_stream(streaming: Assembly, tmp_path: Path) -> None:
    lint = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005", "--"]
    found = subprocess.run([*lint, str(streaming.path("platform"))], check=False, capture_output=True, text=True)
    assert (found.stdout, found.returncode) == ("", 0)

    app = App(context={**context(), "stage": STAGE, "ingestion": "kinesis"}, outdir=str(tmp_path / "out"))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    build(app, staging=tmp_path)
    app.synth()


def test_there_is_no_readings_queue_beside_the_stream(streaming: Assembly) -> None:
    assert not [name for name in streaming.of_type("AWS::SQS::Queue") if name.startswith("Queuesreadings")]
    [stream] = streaming.of_type("AWS::Kinesis::Stream").values()
    assert stream["StreamEncryption"]["EncryptionType"] == "KMS"
    assert stream["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}


def test_the_consumer_may_read_the_stream_and_report_what_it_gave_up(streaming: Assembly) -> None:
    [spec] = [spec for spec in FUNCTIONS if spec.name == "ingest"]
    [dead] = [name for name in streaming.of_type("AWS::SQS::Queue") if name.startswith("Streamreadingsdead")]
    reads = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")

    expected = called_for(streaming, replace(spec, queue=""))
    expected |= on(f"<{stream_of(streaming)}.Arn>", "kinesis", *reads) | on(f"<{dead}.Arn>", "sqs", "SendMessage")

    assert streaming.granted(streaming.own_role("ingest")) == expected


def test_the_rules_may_put_into_the_stream_and_nowhere_else(streaming: Assembly) -> None:
    [role] = [
        name for name, item in streaming.of_type("AWS::IAM::Role").items() if "iot.amazonaws.com" in json.dumps(item)
    ]
    statements = [
        statement
        for policy in streaming.of_type("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    pairs = {
        (action, streaming.text(r)) for s in statements for action in listed(s["Action"]) for r in listed(s["Resource"])
    }
    assert ("kinesis:PutRecord", f"<{stream_of(streaming)}.Arn>") in pairs
    assert {action for action, _ in pairs} == {"kinesis:PutRecord", "sqs:SendMessage"}
    assert not any("Queuesreadings" in resource for _, resource in pairs)
