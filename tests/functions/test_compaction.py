"""Compaction as the queue and the daily sweep wake it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from whimbrel.domain.organizations import Organization
from whimbrel.domain.series import Column, Series, ValueType
from whimbrel.ids import OrganizationId
from whimbrel.instants import now_ms
from whimbrel.settings import settings
from whimbrel.store.directory import enlist
from whimbrel.store.readings import ReadingStore
from whimbrel.store.tenant import Tenant

DEVICE = "0190abcd-1234-7abc-8def-0000000000d1"
COLUMN = Column("0190abcd-1234-7abc-8def-000000000001", ValueType.DOUBLE)
START = now_ms() - 86_400_000
ORGANIZATION = OrganizationId("0190abcd-1234-7abc-8def-00000000000a")
ANOTHER = OrganizationId("0190abcd-1234-7abc-8def-00000000000b")


class Context:
    """What Lambda tells a function about its time."""

    def __init__(self, left_ms: int = 300_000) -> None:
        self.left_ms = left_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


def store_at(now_ms: int, organization_id: str = ORGANIZATION) -> ReadingStore:
    return ReadingStore(boto3.client("dynamodb"), "log", "blocks", organization_id, clock=lambda: now_ms)


def messages(*lanes: str) -> dict[str, Any]:
    bodies = [json.dumps({"organizationId": ORGANIZATION, "lane": lane}) for lane in lanes]
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


@pytest.fixture
def old_readings(aws: None) -> None:
    store_at(START).append({DEVICE: {COLUMN: Series.of([START], [1.5], START)}})


def blocks() -> int:
    return boto3.client("dynamodb").scan(TableName="blocks", Select="COUNT")["Count"]


def test_a_message_compacts_its_lane_and_its_repetition_does_no_harm(old_readings: None) -> None:
    from functions.readings.compact import handler

    answer = handler(messages("0", DEVICE, "0190abcd-1234-7abc-8def-0000000000d2"), Context())

    assert answer == {"batchItemFailures": []}
    assert blocks() == 2
    assert store_at(START).latest(DEVICE)[COLUMN].value == 1.5


def test_messages_for_which_no_time_is_left_come_again(old_readings: None) -> None:
    from functions.readings.compact import handler

    answer = handler(messages("0", "another"), Context(left_ms=1000))

    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]}
    assert blocks() == 0


def test_the_sweep_asks_for_every_quiet_lane_of_every_organization(old_readings: None) -> None:
    from functions.readings.compact import handler

    store_at(START, ANOTHER).append({DEVICE: {COLUMN: Series.of([START], [1.5], START)}})

    for organization_id in (ORGANIZATION, ANOTHER):
        enlist(boto3.client("dynamodb"), "log", organization_id)

    assert handler({"sweep": True}, Context()) == {"lanes": 2}
    queue = settings().compact_queue_url
    received = boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert {message["Body"] for message in received} == {
        json.dumps({"organizationId": organization_id, "lane": "0"}) for organization_id in (ORGANIZATION, ANOTHER)
    }


def test_blocks_of_an_organization_with_retention_go_by_themselves(organization: Any) -> None:
    from functions.readings.compact import handler

    identifier = OrganizationId(organization.id)
    Tenant(identifier).things(Organization).change(identifier, lambda one: one.next_version(retention_days=30))
    store_at(START, identifier).append({DEVICE: {COLUMN: Series.of([START], [1.5], START)}})
    body = json.dumps({"organizationId": identifier, "lane": "0"})

    handler({"Records": [{"messageId": "m", "body": body}]}, Context())

    items = boto3.client("dynamodb").scan(TableName="blocks")["Items"]
    ends = [int(item["ttl"]["N"]) * 1000 for item in items if "ttl" in item]
    assert len(ends) == 1
    assert ends[0] >= START + 30 * 86_400_000
