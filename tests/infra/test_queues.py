"""Nothing that waits in a queue is lost, and nothing is handled in a hurry."""

from __future__ import annotations

import pytest

from functions.catalogue import FUNCTIONS, Function
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


def test_readings_wait_a_second_at_most(assembly: Assembly) -> None:
    [mapping] = [
        mapping
        for mapping in assembly.of_type("AWS::Lambda::EventSourceMapping").values()
        if "Queuesreadings" in assembly.text(mapping["EventSourceArn"])
    ]

    assert mapping["MaximumBatchingWindowInSeconds"] <= 1


def test_compaction_is_swept_daily(assembly: Assembly) -> None:
    [rule] = assembly.of_type("AWS::Events::Rule").values()
    [target] = rule["Targets"]

    assert rule["ScheduleExpression"].startswith("cron(")
    assert target["Input"] == '{"sweep": true}'
    assert "Functionscompact" in assembly.text(target["Arn"])
