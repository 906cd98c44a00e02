"""What was acknowledged is there after ``kill -9``."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e.devices import Device, eventually
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


class Readings:
    """Four devices that report by HTTP, five readings at a time."""

    BATCH = 5

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.key = platform.credentials["apiKey"]
        self.devices = self._made()
        self.sensors = [self._sensor_of(device) for device in self.devices]
        self.acknowledged: list[set[int]] = [set() for _ in self.devices]

    def _made(self) -> list[str]:
        """Return the ids of the devices."""
        made = (self.platform.call("POST", "/api/v1/devices", {"name": f"crash {n}"}) for n in range(WRITERS))
        return [answer.json()["id"] for answer in made]

    def _sensor_of(self, device: str) -> str:
        """Return the id of the sensor that the device's first reading makes."""
        self._post(device, [0])
        path = f"/api/v1/sensors?deviceId={device}"
        return self.platform.call("GET", path).json()["items"][0]["id"]

    def warm(self) -> Callable[[int, int], None]:
        """Have a freshly started platform import its handlers, and return ``write``."""
        self._post(self.devices[0], [0])
        return self.write

    def write(self, writer: int, number: int) -> None:
        """Report a batch.

        Raises:
            OSError: it was not acknowledged.
        """
        values = range(number * self.BATCH + 1, (number + 1) * self.BATCH + 1)
        self._post(self.devices[writer], values)
        self.acknowledged[writer].update(values)

    def _post(self, device: str, values: Iterable[int]) -> None:
        batch = [{"deviceId": device, "sensorId": "n", "timestamp": instant(v), "value": v} for v in values]
        answer = self.platform.call("POST", "/api/v1/readings", batch, key=self.key)
        if answer.status != HTTPStatus.OK or answer.json()["accepted"] != len(batch):
            raise OSError(answer)

    def missing(self) -> int:
        """Return how many acknowledged readings are not to be read, or not with their value."""
        lost = 0
        for sensor, acknowledged in zip(self.sensors, self.acknowledged, strict=True):
            kept = {point["timestamp"]: point["value"] for point in self._points(sensor)}
            lost += sum(kept.get(instant(value)) != value for value in acknowledged)
        return lost

    def _points(self, sensor: str) -> Iterator[dict[str, Any]]:
        path = f"/api/v1/readings/sensor/{sensor}?from={instant(0)}&to={instant(10**9)}&limit=10000"
        cursor: str | None = ""
        while cursor is not None:
            page = self.platform.call("GET", f"{path}&cursor={cursor}" if cursor else path).json()
            yield from page["points"]
            cursor = page["nextCursor"]


class Publications(Readings):
    """The same from devices that publish at QoS 1, waiting for each acknowledgement."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.stations = [Device(platform, a_folder(folder / f"station-{number}")) for number in range(WRITERS)]
        super().__init__(platform)

    def _made(self) -> list[str]:
        return [station.id for station in self.stations]

    def connect(self) -> Callable[[int, int], None]:
        """Connect all devices anew, and return ``publish``."""
        self.clients = [station.client() for station in self.stations]
        return self.publish

    def publish(self, writer: int, number: int) -> None:
        """Publish a batch.

        Raises:
            OSError: it was not acknowledged.
        """
        values = range(number * self.BATCH + 1, (number + 1) * self.BATCH + 1)
        batch = [{"sensorId": "n", "timestamp": instant(v), "value": v} for v in values]
        client = self.clients[writer]
        sent = client.publish(self.stations[writer].topic, json.dumps(batch), qos=1)
        while not sent.is_published():
            if not client.is_connected():
                client.loop_stop()
                raise OSError("disconnected")
            time.sleep(0.001)
        self.acknowledged[writer].update(values)


def a_folder(path: Path) -> Path:
    path.mkdir()
    return path


def instant(ms: int) -> str:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def crash_while(platform: Platform, writing: Callable[[], Callable[[int, int], None]], *, rounds: int) -> None:
    """Kill *platform* and start it again, *rounds* times, while all writers write what *writing* returns.

    A writer goes on until a call fails; numbers are never used twice.
    """
    moments = random.Random(1)
    for round_number in range(rounds):
        write = writing()

        def go_on(writer: int, write: Callable[[int, int], None] = write, first: int = round_number) -> None:
            for number in count(first * 100_000):
                try:
                    write(writer, number)
                except (BotoCoreError, ClientError, OSError, HTTPException):
                    return

        writers = [threading.Thread(target=go_on, args=(writer,)) for writer in range(WRITERS)]
        for thread in writers:
            thread.start()
        time.sleep(moments.uniform(0.4, 1.2))
        platform.kill()
        for thread in writers:
            thread.join()
        platform.start()


def crash_the_stores(platform: Platform, *, rounds: int) -> tuple[Ledger, Ledger, int]:
    """Return what writers of tables and queues were promised, what is missing, and transactions kept by half."""
    ledgers = [Ledger() for _ in range(WRITERS)]

    def writing() -> Callable[[int, int], None]:
        stores = Stores(platform)
        return lambda writer, number: stores.write(writer, number, ledgers[writer])

    crash_while(platform, writing, rounds=rounds)
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


def test_no_reading_acknowledged_over_http_is_lost(a_platform: Callable[..., Platform]) -> None:
    platform = a_platform()
    readings = Readings(platform)

    crash_while(platform, readings.warm, rounds=ROUNDS)

    assert sum(map(len, readings.acknowledged)) > 20 * ROUNDS
    assert readings.missing() == 0


def test_no_reading_acknowledged_over_mqtt_is_lost(a_platform: Callable[..., Platform], tmp_path: Path) -> None:
    platform = a_platform()
    readings = Publications(platform, tmp_path)

    crash_while(platform, readings.connect, rounds=ROUNDS // 2)

    assert sum(map(len, readings.acknowledged)) > 10 * ROUNDS
    eventually(readings.missing, lambda missing: missing == 0)


def test_an_object_survives(a_platform: Callable[..., Platform]) -> None:
    platform = a_platform()
    s3 = platform.aws("s3")
    bucket = next(bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if "export" in bucket["Name"])
    s3.put_object(Bucket=bucket, Key="a/b.zip", Body=b"PK", ContentType="application/zip")

    platform.kill()
    platform.start()

    kept = platform.aws("s3").get_object(Bucket=bucket, Key="a/b.zip")
    assert (kept["Body"].read(), kept["ContentType"]) == (b"PK", "application/zip")


def test_nothing_acknowledged_by_the_stores_is_lost(a_platform: Callable[..., Platform]) -> None:
    promised, missing, halves = crash_the_stores(a_platform(), rounds=ROUNDS)

    assert len(promised) > 100 * ROUNDS
    assert (missing.items, missing.deleted, missing.messages, missing.counted) == (set(), set(), set(), 0)
    assert halves == 0


def test_a_platform_that_acknowledges_before_it_writes_is_caught(a_platform: Callable[..., Platform]) -> None:
    hasty = a_platform(launcher=("-m", "tests.e2e.hasty"))
    readings = Readings(hasty)

    crash_while(hasty, readings.warm, rounds=2)

    assert readings.missing() > 0
    assert len(crash_the_stores(hasty, rounds=1)[1]) > 0
