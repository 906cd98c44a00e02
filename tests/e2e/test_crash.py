"""What was acknowledged is there after ``kill -9``."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e.launch import Platform

pytestmark = pytest.mark.e2e

ROUNDS = 10
WRITERS = 4


class Ledger:
    """What writers were promised: keys in the table, messages in the queue, and the sum of a counter."""

    def __init__(self) -> None:
        self.items: set[str] = set()
        self.deleted: set[str] = set()
        self.messages: set[str] = set()
        self.counted = 0

    def __len__(self) -> int:
        return len(self.items) + len(self.deleted) + len(self.messages) + self.counted


class Stores:
    """A table and a queue of the deployment that nothing else touches meanwhile."""

    def __init__(self, platform: Platform) -> None:
        self.dynamodb, self.sqs = platform.aws("dynamodb"), platform.aws("sqs")
        names = self.dynamodb.list_tables()["TableNames"]
        self.table = next(name for name in names if "blocks" in name.lower())
        queues = self.sqs.list_queues()["QueueUrls"]
        self.queue = next(url for url in queues if self._is_dead_letter(url))

    def _is_dead_letter(self, url: str) -> bool:
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return "RedrivePolicy" not in attributes

    def write(self, writer: int, number: int, ledger: Ledger) -> None:
        """Put an item and its twin in one transaction, count it, delete every third, and send a message."""
        name = f"{writer}-{number}"
        keys = [{"pk": {"S": f"crash-{half}-{writer}"}, "sk": {"S": name}} for half in "ab"]
        puts = [{"Put": {"TableName": self.table, "Item": key}} for key in keys]
        self.dynamodb.transact_write_items(TransactItems=puts)
        ledger.items.add(name)
        counter = {"pk": {"S": "crash-counter"}, "sk": {"S": str(writer)}}
        self.dynamodb.update_item(
            TableName=self.table,
            Key=counter,
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        ledger.counted += 1
        if number % 3 == 0:
            ledger.items.discard(name)  # promised neither way until the answer
            for key in keys:
                self.dynamodb.delete_item(TableName=self.table, Key=key)
            ledger.deleted.add(name)
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=name)
        ledger.messages.add(name)

    def kept(self) -> tuple[list[set[str]], int]:
        """Return the names in either half of the table, and the sum of the counters."""
        halves = [
            {item["sk"]["S"] for writer in range(WRITERS) for item in self._partition(f"crash-{half}-{writer}")}
            for half in "ab"
        ]
        return halves, sum(int(item["n"]["N"]) for item in self._partition("crash-counter"))

    def waiting(self) -> set[str]:
        """Return the bodies of all messages, leaving them in the queue."""
        bodies: set[str] = set()
        while messages := self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            bodies |= {message["Body"] for message in messages}
        return bodies

    def _partition(self, name: str) -> Iterator[dict[str, Any]]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": name}}
        )
        for page in pages:
            yield from page["Items"]


@contextmanager
def writing(stores: Stores, ledgers: list[Ledger], start: int) -> Iterator[None]:
    """Write with all writers at once inside the block, each until a call fails."""

    def write(writer: int) -> None:
        number = start
        while True:
            try:
                stores.write(writer, number, ledgers[writer])
            except (BotoCoreError, ClientError):
                return
            number += 1

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(len(ledgers))]
    for thread in writers:
        thread.start()
    yield
    for thread in writers:
        thread.join()


def crash_and_count(platform: Platform, *, rounds: int, seed: int) -> tuple[Ledger, Ledger, int]:
    """Kill *platform* in the middle of writing, *rounds* times.

    Return what was promised, what of it is missing, and how many transactions were kept by half.
    """
    moments = random.Random(seed)
    ledgers = [Ledger() for _ in range(WRITERS)]
    for round_number in range(rounds):
        with writing(Stores(platform), ledgers, start=round_number * 100_000):
            time.sleep(moments.uniform(0.4, 1.2))
            platform.kill()
        platform.start()

    promised, missing = Ledger(), Ledger()
    for ledger in ledgers:
        promised.items |= ledger.items
        promised.deleted |= ledger.deleted
        promised.messages |= ledger.messages
        promised.counted += ledger.counted
    stores = Stores(platform)
    (first, second), counted = stores.kept()
    missing.items = promised.items - (first & second)
    missing.deleted = promised.deleted & (first | second)
    missing.messages = promised.messages - stores.waiting()
    missing.counted = max(0, promised.counted - counted)
    # Every third is deleted half by half, and may have been on its way.
    halves = [name for name in first ^ second if int(name.split("-")[1]) % 3]
    return promised, missing, len(halves)


def test_nothing_acknowledged_is_lost(a_platform: Callable[..., Platform]) -> None:
    promised, missing, halves = crash_and_count(a_platform(), rounds=ROUNDS, seed=1)

    assert len(promised) > 100 * ROUNDS
    assert (missing.items, missing.deleted, missing.messages, missing.counted) == (set(), set(), set(), 0)
    assert halves == 0


def test_a_platform_that_acknowledges_first_is_caught(a_platform: Callable[..., Platform]) -> None:
    hasty = a_platform(launcher=("-m", "tests.e2e.hasty"))

    _, missing, _ = crash_and_count(hasty, rounds=2, seed=1)

    assert len(missing) > 0
