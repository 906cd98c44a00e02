"""What ingestion takes of a processor: from the body to the frame, and the whole handler of the queue.

``python -m tests.benchmarks.ingestion`` prints tables and writes ``reports/ingestion.json``. Times are of the
processor, the median of several runs on this machine; trust their ratios.
"""

from __future__ import annotations

import base64
import json
import logging
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import aws_in_process, make_organization
from whimbrel.domain import codec
from whimbrel.domain.intake import Intake
from whimbrel.domain.readings import KnownDevice, KnownSensor
from whimbrel.domain.series import Frame, ValueType
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.instants import format_ms
from whimbrel.strict_json import parse

REPORT = Path("reports/ingestion.json")
SEED = 20261122
RUNS = 15
T0 = 1_767_225_600_000
NOW = T0 + 10**9
DEVICE = DeviceId("01900000-0000-7000-8000-000000000001")


def nanoseconds(call: Callable[[], object], count: int, times: int = 20) -> int:
    """Return what *call* takes of the processor a reading: the median of runs, each of several calls."""
    found: list[float] = []
    for _ in range(RUNS):
        began = time.process_time_ns()
        for _ in range(times):
            call()
        found.append((time.process_time_ns() - began) / times / count)
    return round(statistics.median(found))


def a_device(keys: list[str]) -> KnownDevice:
    main = ComponentId.named(DEVICE, "main")
    device = KnownDevice(DEVICE, inactive=False, gateway_id=None, components={"main": main})
    for key in keys:
        device.add(KnownSensor(SensorId.named(DEVICE, "main", key), ValueType.DOUBLE, main, "main", key))
    return device


def walk(chance: random.Random, count: int) -> list[float]:
    value = 20.0
    found: list[float] = []
    for _ in range(count):
        value = round(value + chance.choice((-0.1, 0.0, 0.1)), 1)
        found.append(value)
    return found


def shapes(chance: random.Random) -> dict[str, tuple[list[str], Any, int]]:
    """Return bodies by name: the sensors in them, the body, how many readings it has."""
    keys = [f"sensor{number}" for number in range(10)]
    moments = [T0 + 1_000 * number + chance.randrange(8) for number in range(10_000)]
    values = walk(chance, 10_000)
    columns = {key: walk(chance, 10) for key in keys}
    one = [
        {"sensorId": "a", "timestamp": format_ms(at), "value": value}
        for at, value in zip(moments[:100], values[:100], strict=True)
    ]
    ten = [
        {"sensorId": key, "timestamp": format_ms(T0 + 60_000 * row), "value": columns[key][row]}
        for row in range(10)
        for key in keys
    ]
    fields = [
        {"component": "main", "timestamp": T0 + 60_000 * row, "fields": {key: columns[key][row] for key in keys}}
        for row in range(10)
    ]
    texts = [format_ms(at) for at in moments]
    return {
        "100 readings of a sensor": (["a"], one, 100),
        "10 sensors, 10 times, simple": (keys, ten, 100),
        "10 sensors, 10 times, structured": (keys, fields, 100),
        "10,000 in columns, ms": (["a"], {"series": {"a": {"timestamps": moments, "values": values}}}, 10_000),
        "10,000 in columns, text": (["a"], {"series": {"a": {"timestamps": texts, "values": values}}}, 10_000),
    }


def stages(keys: list[str], body: Any, count: int) -> dict[str, int]:
    """Return what each step from the body to the block takes, in nanoseconds a reading."""
    octets = json.dumps(body, separators=(",", ":")).encode()
    device = a_device(keys)
    parsed = parse(octets)

    def judged() -> Intake:
        intake = Intake(device, NOW)
        if isinstance(parsed, dict):
            for name, column in parsed["series"].items():
                intake.take_series(0, name, column["timestamps"], column["values"])
        else:
            intake.take(enumerate(parsed))
        intake.settle()
        return intake

    intake = judged()
    frame: Frame = intake.frame()
    assert sum(map(len, frame.values())) == count
    times = max(1, 2_000 // count)
    row = {
        "parse": nanoseconds(lambda: parse(octets), count, times),
        "judge": nanoseconds(judged, count, times),
        "frame": nanoseconds(intake.frame, count, times),
        "encode": nanoseconds(lambda: codec.encode(frame), count, times),
    }
    row["to the frame"] = row["parse"] + row["judge"] + row["frame"]
    row["in all"] = row["to the frame"] + row["encode"]
    return row


def handler(messages: int, readings: int) -> dict[str, float]:
    """Return what the queue's handler takes a message and a reading, the store included, AWS being in process."""
    with aws_in_process():
        from functions.readings import ingest

        logging.getLogger("whimbrel").setLevel(logging.ERROR)
        ingest._known.cache_clear()
        organization = make_organization()
        devices = [organization.client.post("/api/v1/devices", {"name": "d"}).ok()["id"] for _ in range(10)]
        round_of: list[int] = []

        def batch(start: int) -> dict[str, Any]:
            records: list[dict[str, str]] = []
            for number in range(messages):
                sent = [
                    {"sensorId": "a", "timestamp": T0 + (start + number) * 1_000 + place, "value": place / 10}
                    for place in range(readings)
                ]
                data = base64.b64encode(json.dumps(sent).encode()).decode()
                said = {"data": data, "orgId": organization.id, "deviceId": devices[number % 10], "receivedAt": NOW}
                records.append({"messageId": str(number), "body": json.dumps(said)})
            return {"Records": records}

        ingest.handler(batch(0), None)
        for run in range(1, 6):
            event = batch(run * messages)
            began = time.process_time_ns()
            assert ingest.handler(event, None) == {"batchItemFailures": []}
            round_of.append(time.process_time_ns() - began)
    took = statistics.median(round_of)
    return {
        "µs a message": round(took / messages / 1_000, 1),
        "ns a reading": round(took / messages / readings),
        "readings a second": round(messages * readings / took * 1e9),
    }


def main() -> None:
    """Measure, print, and write the report."""
    chance = random.Random(SEED)
    print(f"seed {SEED}, {RUNS} runs, ns of processor a reading")
    report: dict[str, Any] = {}
    for name, (keys, body, count) in shapes(chance).items():
        report[name] = stages(keys, body, count)
        print(f"{name:36}", *(f"{step} {took:5}" for step, took in report[name].items()))
    if codec.vectorise():
        for name, (keys, body, count) in shapes(random.Random(SEED)).items():
            if count > 1_000:
                report[f"{name}, numpy"] = stages(keys, body, count)
                print(f"{name + ', numpy':36}", *(f"{s} {took:5}" for s, took in report[f"{name}, numpy"].items()))
    for messages, readings in ((1_000, 1), (1_000, 10), (200, 100)):
        name = f"handler: {messages} messages of {readings}"
        report[name] = handler(messages, readings)
        print(f"{name:36}", report[name])
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"seed": SEED, "runs": RUNS, "rows": report}, indent=2) + "\n")


if __name__ == "__main__":
    main()
