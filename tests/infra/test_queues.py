"""Nothing that waits in a queue is lost, and nothing is handled in a hurry."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import App
from botocore.session import get_session

from functions.catalogue import FUNCTIONS, Function
from infra.stacks.stage import Stage
from tests.infra.assembly import Assembly

FORTNIGHT_S = 14 * 86_400
CONSUMERS = [spec for spec in FUNCTIONS if spec.queue]


def test_every_queue_keeps_what_failed_or_is_for_what_failed(assembly: Assembly) -> None:
    queues = assembly.of_type("AWS::SQS::Queue")
    ends = {assembly.text(q["RedrivePolicy"]["deadLetterTargetArn"]) for q in queues.values() if "RedrivePolicy" in q}
    [rule_errors] = [name for name in queues if "ruleerrors" in name]

    assert {q["RedrivePolicy"]["maxReceiveCount"] for q in queues.values() if "RedrivePolicy" in q} == {5}
    for name, queue in queues.items():
        assert "RedrivePolicy" in queue or name == rule_errors or f"<{name}.Arn>" in ends
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == FORTNIGHT_S


def test_every_queue_refuses_plain_http(assembly: Assembly) -> None:
    covered: set[str] = set()
    for policy in assembly.of_type("AWS::SQS::QueuePolicy").values():
        [statement] = policy["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "sqs:*", {"AWS": "*"})
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        covered |= {assembly.text(queue) for queue in policy["Queues"]}

    assert covered == {f"<{name}>" for name in assembly.of_type("AWS::SQS::Queue")}


@pytest.mark.parametrize("spec", CONSUMERS, ids=lambda spec: spec.name)
def test_a_consumer_reports_message_by_message_and_has_time_to(assembly: Assembly, spec: Function) -> None:
    queues = assembly.of_type("AWS::SQS::Queue")
    [mapping] = [
        mapping
        for mapping in assembly.of_type("AWS::Lambda::EventSourceMapping").values()
        if f"Functions{spec.name}" in assembly.text(mapping["FunctionName"])
    ]

    queue = queues[assembly.text(mapping["EventSourceArn"]).removeprefix("<").removesuffix(".Arn>")]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["VisibilityTimeout"] >= 6 * spec.timeout_s + mapping["MaximumBatchingWindowInSeconds"]
    # SQS gives more than ten at a time only to those who wait a second.
    assert mapping["BatchSize"] <= 10 or mapping["MaximumBatchingWindowInSeconds"] >= 1


def test_readings_gather_in_full_batches_by_default(assembly: Assembly) -> None:
    [mapping] = [
        mapping
        for mapping in assembly.of_type("AWS::Lambda::EventSourceMapping").values()
        if "Queuesreadings" in assembly.text(mapping["EventSourceArn"])
    ]

    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (10_000, 10)
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, ("queue", 10, 10_000, 2)),
        ({"ingestWindowSeconds": "0", "ingestBatchSize": "10"}, ("queue", 0, 10, 2)),
        ({"ingestWindowSeconds": 300, "ingestConcurrency": "1000"}, ("queue", 300, 10_000, 1_000)),
        ({"ingestion": "kinesis"}, ("kinesis", 10, 10_000, 2)),
    ],
    ids=["default", "at once", "patient", "kinesis"],
)
def test_the_batching_of_readings_is_a_setting(context: dict[str, Any], expected: tuple[Any, ...]) -> None:
    stage = Stage.of(App(context=context))

    assert (stage.ingestion, stage.ingest_window_s, stage.ingest_batch_size, stage.ingest_concurrency) == expected


@pytest.mark.parametrize(
    ("context", "named"),
    [
        ({"ingestion": "kafka"}, "ingestion"),
        ({"ingestWindowSeconds": 301}, "ingestWindowSeconds"),
        ({"ingestWindowSeconds": -1}, "ingestWindowSeconds"),
        ({"ingestWindowSeconds": 0}, "ingestWindowSeconds"),
        ({"ingestBatchSize": 0}, "ingestBatchSize"),
        ({"ingestBatchSize": 10_001}, "ingestBatchSize"),
        ({"ingestConcurrency": 1}, "ingestConcurrency"),
        ({"ingestConcurrency": 1_001}, "ingestConcurrency"),
        ({"stage": "Prod"}, "stage"),
    ],
    ids=range(9),
)
def test_a_setting_that_lambda_would_refuse_stops_the_synthesis(context: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Stage.of(App(context=context))


def test_the_bounds_of_batching_are_those_of_the_service() -> None:
    operation: Any = get_session().get_service_model("lambda").operation_model("CreateEventSourceMapping")
    members: dict[str, Any] = operation.input_shape.members
    concurrency = members["ScalingConfig"].members["MaximumConcurrency"]

    assert members["BatchSize"].metadata == {"min": 1, "max": 10_000}
    assert members["MaximumBatchingWindowInSeconds"].metadata == {"min": 0, "max": 300}
    assert concurrency.metadata == {"min": 2, "max": 1_000}


def test_compaction_is_swept_daily(assembly: Assembly) -> None:
    [rule] = assembly.of_type("AWS::Events::Rule").values()
    [target] = rule["Targets"]

    assert rule["ScheduleExpression"].startswith("cron(")
    assert target["Input"] == '{"sweep": true}'
    assert "Functionscompact" in assembly.text(target["Arn"])
