"""The same work on Whimbrel, VictoriaMetrics, InfluxDB and DuckDB, in turn. ``python -m tests.benchmarks.peers``.

What is counted is the processor time of the servers' processes, or of this one where a system is a library, from the
first request until what was sent is settled; bodies are made before the clock starts. Servers are spoken to over
loopback HTTP, one request after the other, each system in the form that it documents for many readings. All is made
anew for each round, and the systems take turns, so that a machine that slows down slows all of them.

Peers are looked for on the path and in ``WHIMBREL_PEERS``; those that are not there are left out, and told.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import numpy as np
import psutil

from tests.benchmarks.cost import Accountant, stored_octets
from tests.benchmarks.tables import SEED, Table
from tests.e2e.launch import Platform, a_free_port
from whimbrel.domain import codec
from whimbrel.domain.series import Column, Frame, Series, ValueType
from whimbrel.ids import DeviceId, SensorId
from whimbrel.instants import format_ms, now_ms
from whimbrel.store.readings import ReadingStore

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
MONTH = 30 * 86_400
A_REQUEST = 50_000
DEVICES, SENSORS, MINUTES = 100, 10, 1_440
MESSAGES, A_MESSAGE = 100, 100
LATER = 1
FUNCTIONS = ("avg", "min", "max", "sum", "stddev", "p50", "p95")
PATIENCE_S = 90.0
INSTALL = {
    "VictoriaMetrics": "Debian's package victoria-metrics, or its program's folder in WHIMBREL_PEERS",
    "InfluxDB": "Debian's package influxdb, or its program's folder in WHIMBREL_PEERS",
    "DuckDB": "`make bench` installs it",
}

Array = Any


@dataclass(frozen=True, slots=True)
class Data:
    """What every system gets: a month of a sensor at 1 Hz, a day of a fleet, and small messages of other sensors."""

    at: Array
    values: Array
    fleet_at: Array
    fleet: Array
    """By device, minute and sensor."""

    @classmethod
    def made(cls, seed: int) -> Data:
        """Return walks of resolution 0.1; those at 1 Hz with 8 ms of jitter, of a month that ended an hour ago."""
        dice = np.random.default_rng(seed)
        end = now_ms() // HOUR_MS * HOUR_MS - HOUR_MS
        start = end - MONTH * 1000
        walk = np.round(200 + dice.integers(-1, 2, MONTH).cumsum() / 10, 1)
        fleet = np.round(20 + dice.integers(-1, 2, (DEVICES, MINUTES, SENSORS)).cumsum(axis=1) / 10, 1)
        at = start + np.arange(MONTH) * 1000 + dice.integers(0, 8, MONTH)
        return cls(at, walk, end - DAY_MS + np.arange(MINUTES) * 60_000, fleet)

    @property
    def span(self) -> tuple[int, int]:
        """The month, in whole hours."""
        start = int(self.at[0]) // HOUR_MS * HOUR_MS
        return start, start + MONTH * 1000

    def stretches(self) -> Iterator[tuple[list[int], list[float]]]:
        """Yield the month, a request's worth at a time."""
        for first in range(0, MONTH, A_REQUEST):
            part = slice(first, first + A_REQUEST)
            yield self.at[part].tolist(), self.values[part].tolist()

    def messages(self) -> Iterator[tuple[list[int], list[float]]]:
        """Yield small messages: the last readings of the month again, under another name."""
        for number in range(MESSAGES):
            part = slice(number * A_MESSAGE, (number + 1) * A_MESSAGE)
            yield self.at[part].tolist(), self.values[part].tolist()


class System(Protocol):
    """A system under measurement, fresh and running."""

    name: str
    version: str

    def prepare(self, data: Data) -> dict[str, Callable[[], None]]:
        """Return what is done, by name, with everything ready to be sent."""
        ...

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds used so far, by whose they are; ``own`` is the system's."""
        ...

    def stored(self) -> int:
        """Return the bytes that are kept."""
        ...

    def hourly(self) -> int:
        """Return how many buckets the month's figures by the hour have."""
        ...

    def export(self, to: Path) -> int:
        """Write the month as CSV, and return its size."""
        ...

    def close(self) -> None:
        """End it."""
        ...


def http(port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    """Return the answer's body; anything but success fails."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise AssertionError(f"{method} {path[:200]}: {response.status} {content[:500]!r}")
        return content
    finally:
        connection.close()


def seconds_of(processes: list[psutil.Process]) -> float:
    """Return what processes have used, their children that ended included."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def at_rest(size: Callable[[], int]) -> None:
    """Wait until a size has not changed for two seconds."""
    known, since, deadline = size(), time.monotonic(), time.monotonic() + PATIENCE_S
    while time.monotonic() - since < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
        if (now := size()) != known:
            known, since = now, time.monotonic()


def found(program: str) -> str | None:
    """Return where a peer's program is."""
    folders = [*os.environ.get("WHIMBREL_PEERS", "").split(os.pathsep), os.environ.get("PATH", "")]
    return shutil.which(program, path=os.pathsep.join(filter(None, folders)))


class Server:
    """A server program with its data in a folder."""

    name: str

    def __init__(
        self, program: str, arguments: list[str], folder: Path, ready: str, environment: dict[str, str]
    ) -> None:
        self.folder = folder
        with (folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [program, *arguments], env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                http(self.port, "GET", ready)
            except (OSError, AssertionError):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise AssertionError((folder / "output").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.1)
            else:
                return

    port: int

    def cpu(self) -> dict[str, float]:
        root = psutil.Process(self._process.pid)
        return {"own": seconds_of([root, *root.children(recursive=True)])}

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class VictoriaMetrics(Server):
    """Single node. JSON lines in columns, as its own exports are; durable within a second or so."""

    name = "VictoriaMetrics"

    def __init__(self, folder: Path) -> None:
        self.port = a_free_port()
        program = found("victoria-metrics") or ""
        data = folder / "data"
        arguments = [f"-storageDataPath={data}", f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=24"]
        super().__init__(program, [*arguments, "-selfScrapeInterval=0"], folder, "/health", {})
        self._data = data
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        self.version = (said.stdout + said.stderr).strip() or "a build that does not tell"

    def prepare(self, data: Data) -> dict[str, Callable[[], None]]:
        self._span = data.span

        def line(name: str, at: list[int], values: list[float], **labels: str) -> bytes:
            return json.dumps({"metric": {"__name__": name, **labels}, "values": values, "timestamps": at}).encode()

        month = [line("walk", at, values) for at, values in data.stretches()]
        times = data.fleet_at.tolist()
        fleet = [
            b"\n".join(
                line(f"s{sensor}", times, data.fleet[device, :, sensor].tolist(), device=str(device))
                for sensor in range(SENSORS)
            )
            for device in range(DEVICES)
        ]
        small = [line("small", at, values) for at, values in data.messages()]
        return {
            "month": lambda: self._send(month),
            "fleet": lambda: self._send(fleet),
            "settle": self._settle,
            "small": lambda: self._send(small, settle=True),
        }

    def _send(self, bodies: list[bytes], *, settle: bool = False) -> None:
        for body in bodies:
            http(self.port, "POST", "/api/v1/import", body)
        if settle:
            http(self.port, "GET", "/internal/force_flush")

    def _settle(self) -> None:
        http(self.port, "GET", "/internal/force_flush")
        http(self.port, "GET", "/internal/force_merge")
        at_rest(self.stored)

    def stored(self) -> int:
        return size_of(self._data)

    def hourly(self) -> int:
        start, end = self._span
        parts = [
            *(f"{name}_over_time(walk[1h])" for name in ("avg", "min", "max", "sum", "stddev")),
            "quantile_over_time(0.5, walk[1h])",
            "quantile_over_time(0.95, walk[1h])",
        ]
        named = ", ".join(f'label_set({part}, "fn", "{name}")' for name, part in zip(FUNCTIONS, parts, strict=True))
        asked = {"query": f"union({named})", "start": start // 1000 + 3600, "end": end // 1000, "step": "1h"}
        answer = json.loads(http(self.port, "GET", f"/api/v1/query_range?{urlencode(asked)}"))
        series = answer["data"]["result"]
        assert len(series) == len(FUNCTIONS), answer
        return len(series[0]["values"])

    def export(self, to: Path) -> int:
        asked = {"format": "__timestamp__:rfc3339,__value__", "match[]": "walk"}
        content = http(self.port, "GET", f"/api/v1/export/csv?{urlencode(asked)}")
        assert content.count(b"\n") == MONTH
        to.write_bytes(content)
        return len(content)


class InfluxDB(Server):
    """Version 1, its defaults: TSM files, and fsync of its log at each request; but it goes to rest sooner."""

    name = "InfluxDB"

    def __init__(self, folder: Path) -> None:
        self.port = a_free_port()
        program = found("influxd") or ""
        environment = {
            "INFLUXDB_META_DIR": str(folder / "meta"),
            "INFLUXDB_DATA_DIR": str(folder / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(folder / "wal"),
            "INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION": "2s",
            "INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION": "3s",
            "INFLUXDB_DATA_QUERY_LOG_ENABLED": "false",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self.port}",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{a_free_port()}",
            "INFLUXDB_MONITOR_STORE_ENABLED": "false",
            "INFLUXDB_REPORTING_DISABLED": "true",
            "HOME": str(folder),
        }
        super().__init__(program, ["-config", os.devnull], folder, "/ping", environment)
        said = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
        self.version = said.stdout.split("(")[0].strip()
        http(self.port, "POST", "/query?" + urlencode({"q": "CREATE DATABASE bench"}))

    def prepare(self, data: Data) -> dict[str, Callable[[], None]]:
        self._span = data.span

        def lines(name: str, at: list[int], values: list[float]) -> bytes:
            return "\n".join(f"{name} value={value} {when}" for when, value in zip(at, values, strict=True)).encode()

        month = [lines("walk", at, values) for at, values in data.stretches()]
        fleet: list[bytes] = []
        for device in range(DEVICES):
            rows = zip(data.fleet_at.tolist(), data.fleet[device].tolist(), strict=True)
            fleet.append(
                "\n".join(
                    f"fleet,device={device} {','.join(f's{n}={value}' for n, value in enumerate(row))} {when}"
                    for when, row in rows
                ).encode()
            )
        small = [lines("small", at, values) for at, values in data.messages()]
        return {
            "month": lambda: self._send(month),
            "fleet": lambda: self._send(fleet),
            "settle": self._settle,
            "small": lambda: self._send(small),
        }

    def _send(self, bodies: list[bytes]) -> None:
        for body in bodies:
            http(self.port, "POST", "/write?db=bench&precision=ms", body)

    def _settle(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while size_of(self.folder / "wal") and time.monotonic() < deadline:
            time.sleep(0.5)
        # Full compactions begin when a shard was left alone for a while; looked for every few seconds.
        time.sleep(12)
        at_rest(self.stored)

    def stored(self) -> int:
        # Its index of series begins with 32 MB of zeros, however little is in it.
        series = sum(map(size_of, (self.folder / "data").glob("*/_series")))
        return sum(size_of(self.folder / part) for part in ("data", "wal", "meta")) - series

    def hourly(self) -> int:
        start, end = self._span
        chosen = (
            "MEAN(value), MIN(value), MAX(value), SUM(value), STDDEV(value), PERCENTILE(value, 50),"
            " PERCENTILE(value, 95)"
        )
        query = f"SELECT {chosen} FROM walk WHERE time >= {start}ms AND time < {end}ms GROUP BY time(1h)"  # noqa: S608
        answer = json.loads(http(self.port, "GET", "/query?" + urlencode({"db": "bench", "q": query, "epoch": "ms"})))
        return len(answer["results"][0]["series"][0]["values"])

    def export(self, to: Path) -> int:
        asked = {"db": "bench", "q": "SELECT value FROM walk", "chunked": "true", "chunk_size": "100000"}
        content = http(self.port, "GET", "/query?" + urlencode(asked), headers={"Accept": "application/csv"})
        rows = content.count(b"\nwalk,")
        assert rows == MONTH, rows
        to.write_bytes(content)
        return len(content)


class Deployed:
    """Whimbrel's API on the local platform: each Lambda in a process of its own, all of AWS in the emulator's.

    ``own`` is what the Lambdas use, the SDK included; ``emulator`` what AWS's part takes here.
    """

    name = "Whimbrel, HTTP"
    version = "this checkout"

    def __init__(self, folder: Path, assembly: Path) -> None:
        self._platform = Platform(folder / "state", assembly, workers=True)
        self._platform.start()
        self._root = psutil.Process(self._platform.process.pid)

    def prepare(self, data: Data) -> dict[str, Callable[[], None]]:
        self._span = data.span

        def device(name: str) -> str:
            return self._call("POST", "/devices", {"name": name})["id"]

        def columns(device_id: str, series: dict[str, tuple[list[int], list[float]]]) -> bytes:
            named = {name: {"timestamps": at, "values": values} for name, (at, values) in series.items()}
            return json.dumps({"deviceId": device_id, "series": named}).encode()

        # What a Lambda does once, at its start, is not counted: another device has it start.
        warm = device("warm")
        at, values = data.at[:10_000].tolist(), data.values[:10_000].tolist()
        self._send([columns(warm, {"walk": (at, values)})])
        self._hourly(warm)
        self._walker = device("walk")
        month = [columns(self._walker, {"walk": stretch}) for stretch in data.stretches()]
        times = data.fleet_at.tolist()
        fleet = [
            columns(device(f"d{n}"), {f"s{s}": (times, data.fleet[n, :, s].tolist()) for s in range(SENSORS)})
            for n in range(DEVICES)
        ]
        other = device("small")
        small = [
            json.dumps(
                [
                    {"deviceId": other, "sensorId": "small", "timestamp": when, "value": value}
                    for when, value in zip(at, values, strict=True)
                ]
            ).encode()
            for at, values in data.messages()
        ]
        return {
            "month": lambda: self._send(month),
            "fleet": lambda: self._send(fleet),
            "settle": lambda: time.sleep(0.5),
            "small": lambda: self._send(small),
        }

    def cpu(self) -> dict[str, float]:
        workers = [child for child in self._root.children(recursive=True) if child.is_running()]
        return {"own": seconds_of(workers), "emulator": seconds_of([self._root])}

    def stored(self) -> int:
        dynamodb = self._platform.aws("dynamodb")
        total = 0
        for table in dynamodb.list_tables()["TableNames"]:
            for page in dynamodb.get_paginator("scan").paginate(TableName=table):
                # Of the log and the blocks, whatever their tables are called.
                total += stored_octets([item for item in page["Items"] if item["pk"]["S"].startswith(("L#", "B#"))])
        return total

    def hourly(self) -> int:
        return self._hourly(self._walker)

    def _hourly(self, device_id: str) -> int:
        sensors = self._call("GET", f"/sensors?deviceId={device_id}")["items"]
        start, end = map(format_ms, self._span)
        asked = {"from": start, "to": end, "interval": "1h", "fn": ",".join(FUNCTIONS)}
        answer = self._call("GET", f"/readings/sensor/{sensors[0]['id']}/aggregated?{urlencode(asked)}")
        return len(answer["buckets"])

    def export(self, to: Path) -> int:
        start, end = map(format_ms, self._span)
        wanted = {"scopeType": "DEVICE", "scopeId": self._walker, "from": start, "to": end}
        made = self._call("POST", "/exports", {**wanted, "includes": ["READINGS"], "format": "CSV"})
        deadline = time.monotonic() + PATIENCE_S
        while (state := self._call("GET", f"/exports/{made['id']}"))["status"] in ("PENDING", "RUNNING"):
            assert time.monotonic() < deadline, state
            time.sleep(0.1)
        assert state["status"] == "READY", state
        content = http(self._platform.http_port, "GET", state["downloadUrl"].split(str(self._platform.http_port), 1)[1])
        to.write_bytes(content)
        return len(content)

    def close(self) -> None:
        self._platform.stop()

    def _send(self, bodies: list[bytes]) -> None:
        for body in bodies:
            answer = self._call("POST", "/readings", body)
            assert not answer["quarantined"], answer

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._platform.call(method, f"/api/v1{path}", body)
        assert answer.status < 300, answer.body[:2000]
        return answer.json()


class Embedded:
    """What runs in this process."""

    def cpu(self) -> dict[str, float]:
        return {"own": time.process_time()}


class Store(Embedded):
    """Whimbrel's store, query and export in this process, DynamoDB in memory."""

    name = "Whimbrel, in process"
    version = "this checkout"

    def __init__(self, _folder: Path) -> None:
        codec.vectorise()
        self._client = Accountant()
        self._store = ReadingStore(self._client, "log", "blocks", "0190abcd-1234-7abc-8def-00000000000f")

    def prepare(self, data: Data) -> dict[str, Callable[[], None]]:
        self._span = data.span
        self._device = DeviceId.new()
        self._sensor = SensorId.named(self._device, "main", "walk")
        column = Column(self._sensor, ValueType.DOUBLE)
        version = now_ms()
        month: list[dict[str, Frame]] = [
            {self._device: {column: Series.of(at, [*values], version)}} for at, values in data.stretches()
        ]
        times = data.fleet_at.tolist()
        fleet: list[dict[str, Frame]] = []
        for number in range(DEVICES):
            device = DeviceId.new()
            fleet.append(
                {
                    device: {
                        Column(SensorId.named(device, "main", f"s{sensor}"), ValueType.DOUBLE): Series.of(
                            times, data.fleet[number, :, sensor].tolist(), version
                        )
                        for sensor in range(SENSORS)
                    }
                }
            )
        other = DeviceId.new()
        small_column = Column(SensorId.named(other, "main", "small"), ValueType.DOUBLE)
        small: list[dict[str, Frame]] = [
            {other: {small_column: Series.of(at, [*values], version)}} for at, values in data.messages()
        ]
        return {
            "month": lambda: self._append(month),
            "fleet": lambda: self._append(fleet),
            "settle": lambda: None,
            "small": lambda: self._append(small),
        }

    def _append(self, batches: list[dict[str, Frame]]) -> None:
        for batch in batches:
            assert not self._store.append(batch, {})

    def stored(self) -> int:
        return sum(stored_octets(list(self._client.items(table).values())) for table in ("log", "blocks"))

    def hourly(self) -> int:
        from functions.queries import rules
        from whimbrel.domain.aggregates import function_named
        from whimbrel.store.history import History

        functions = [function_named(name, ValueType.DOUBLE) for name in FUNCTIONS]
        bucketing = rules.Bucketing.of("1h", "UTC", "none", self._span)
        sensors = {self._sensor: self._known()}
        buckets = rules.buckets_of(History(self._store), sensors, {self._sensor: functions}, bucketing, self._span)
        return len(buckets[self._sensor])

    def export(self, to: Path) -> int:
        from functions.exports.contents import READING_COLUMNS, _batch
        from functions.exports.draft import DEFLATE_LEVELS, WRITERS
        from whimbrel.domain.archive import Archive
        from whimbrel.domain.exports import ExportFormat

        sensor = self._known()
        form = next(form for form in WRITERS if form == ExportFormat.CSV)
        with to.open("wb") as stream:
            archive = Archive(stream, [], level=DEFLATE_LEVELS[form])
            batches = (
                _batch(sensor, column.value_type, series)
                for part in self._store.read(self._device, {self._sensor}, *self._span)
                for column, series in part.frame.items()
            )
            archive.add("readings", lambda sink: WRITERS[form](READING_COLUMNS, batches, sink))
            archive.close()
        return to.stat().st_size

    def close(self) -> None:
        """Nothing runs."""

    def _known(self) -> Any:
        from whimbrel.domain.fleet import Sensor
        from whimbrel.ids import ComponentId

        return Sensor(
            id=self._sensor,
            device_id=self._device,
            component_id=ComponentId.named(self._device, "main"),
            key="walk",
            name="Walk",
            value_type=ValueType.DOUBLE,
        )


class DuckDB(Embedded):
    """A file, one table, a transaction for what is a request elsewhere, its defaults."""

    name = "DuckDB"

    def __init__(self, folder: Path) -> None:
        duckdb: Any = import_module("duckdb")  # only where `make bench` installed it
        self.version = f"DuckDB {duckdb.__version__}"
        self._file = folder / "bench.duckdb"
        self._connection = duckdb.connect(str(self._file))
        columns = ", ".join(f"s{n} DOUBLE" for n in range(SENSORS))
        for statement in (
            "CREATE TABLE walk (ts TIMESTAMP_MS, value DOUBLE)",
            "CREATE TABLE small (ts TIMESTAMP_MS, value DOUBLE)",
            f"CREATE TABLE fleet (device USMALLINT, ts TIMESTAMP_MS, {columns})",
        ):
            self._connection.execute(statement)

    def prepare(self, data: Data) -> dict[str, Callable[[], None]]:
        import pyarrow as pa

        self._span = data.span

        def table(at: Any, values: Any) -> Any:
            return pa.table({"ts": pa.array(at, pa.timestamp("ms")), "value": pa.array(values)})

        month = [table(at, values) for at, values in data.stretches()]
        fleet = [
            pa.table(
                {
                    "device": pa.array(np.full(MINUTES, number, np.uint16)),
                    "ts": pa.array(data.fleet_at, pa.timestamp("ms")),
                    **{f"s{n}": pa.array(data.fleet[number, :, n]) for n in range(SENSORS)},
                }
            )
            for number in range(DEVICES)
        ]
        small = [table(at, values) for at, values in data.messages()]
        return {
            "month": lambda: self._insert("walk", month),
            "fleet": lambda: self._insert("fleet", fleet),
            "settle": lambda: self._execute("CHECKPOINT"),
            "small": lambda: self._insert("small", small),
        }

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def _insert(self, name: str, tables: list[Any]) -> None:
        for table in tables:
            self._connection.register("given", table)
            self._connection.execute(f"INSERT INTO {name} SELECT * FROM given")  # noqa: S608 (our own names)
            self._connection.unregister("given")

    def stored(self) -> int:
        return self._file.stat().st_size

    def hourly(self) -> int:
        return len(
            self._connection.execute(
                "SELECT time_bucket(INTERVAL 1 HOUR, ts) AS hour, avg(value), min(value), max(value), sum(value),"
                " stddev_samp(value), quantile_cont(value, 0.5), quantile_cont(value, 0.95)"
                " FROM walk GROUP BY hour ORDER BY hour"
            ).fetchall()
        )

    def export(self, to: Path) -> int:
        self._connection.execute(f"COPY (SELECT * FROM walk ORDER BY ts) TO '{to}' (FORMAT CSV, HEADER)")  # noqa: S608
        return to.stat().st_size

    def close(self) -> None:
        self._connection.close()


@dataclass
class Figures:
    """What a system took in each round."""

    version: str = ""
    taken: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def note(self, name: str, figure: float) -> None:
        self.taken.setdefault(name, []).append(figure)


def one_round(make: Callable[[Path], System], data: Data, figures: Figures) -> None:
    """Have a fresh system do all of it once."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        system = make(Path(folder))
        try:
            figures.version = system.version
            steps = system.prepare(data)
            month, fleet, small = MONTH, DEVICES * SENSORS * MINUTES, MESSAGES * A_MESSAGE

            def measured(name: str, call: Callable[[], Any], per: float, unit: float) -> None:
                before, began = system.cpu(), time.monotonic()
                call()
                wall = time.monotonic() - began
                for whose, seconds in system.cpu().items():
                    figures.note(f"{name}, {whose}", (seconds - before[whose]) / per * unit)
                figures.note(f"{name}, wall", wall / per * unit)

            def bulk() -> None:
                steps["month"]()
                steps["fleet"]()
                steps["settle"]()

            measured("bulk", bulk, month + fleet, 1e9)
            figures.note("stored", system.stored() / (month + fleet))
            buckets = [0]

            def ask(times: int) -> None:
                for _ in range(times):
                    buckets[0] = system.hourly()

            measured("first query", lambda: ask(1), 1, 1e3)
            measured("query", lambda: ask(LATER), LATER, 1e3)
            assert buckets[0] == MONTH // 3600, (system.name, buckets[0])
            to = Path(folder) / "export"
            size = [0]
            measured("export", lambda: size.__setitem__(0, system.export(to)), month, 1e9)
            figures.note("export bytes", size[0] / month)
            measured("small", steps["small"], small, 1e9)
        finally:
            system.close()


def systems(assembly: Path | None) -> dict[str, Callable[[Path], System]]:
    """Return makers of the systems that are there."""
    made: dict[str, Callable[[Path], System]] = {}
    if assembly:
        made[Deployed.name] = lambda folder: Deployed(folder, assembly)
    if found("victoria-metrics"):
        made[VictoriaMetrics.name] = VictoriaMetrics
    if found("influxd"):
        made[InfluxDB.name] = InfluxDB
    made[Store.name] = Store
    if find_spec("duckdb"):
        made[DuckDB.name] = DuckDB
    return made


ROWS = {
    "bulk, own": "bulk ingest, CPU ns a reading",
    "bulk, emulator": "… of the emulator",
    "small, own": "messages of 100, CPU ns a reading",
    "small, emulator": "… of the emulator",
    "stored": "bytes stored a reading",
    "first query, own": "month by the hour, first, CPU ms",
    "first query, wall": "… until answered, ms",
    "query, own": "… again, CPU ms",
    "query, wall": "… until answered, ms",
    "export, own": "export of the month, CPU ns a row",
    "export, wall": "… until downloaded, ns a row",
    "export bytes": "… bytes a row",
}


def tables(*, rounds: int = 3, seed: int = SEED, only: str = "") -> list[Table]:
    """Return what each system took, and against ours."""
    data = Data.made(seed)
    with tempfile.TemporaryDirectory() as folder:
        assembly = None
        if not only or "HTTP" in only:
            from infra.local.assembly import up_to_date

            assembly = up_to_date(Path(folder), with_code=True).folder
        makers = {name: make for name, make in systems(assembly).items() if not only or name in only}
        figures = {name: Figures() for name in makers}
        for number in range(rounds):
            for name, make in makers.items():
                print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
                one_round(make, data, figures[name])
    shown = Table("The same work on each, in turn", ("figure", *makers))
    for row, title in ROWS.items():
        cells = [figures[name].taken.get(row) for name in makers]
        shown.rows.append((title, *("-" if found is None else _spread(found) for found in cells)))
    shown.note = _note(figures, rounds)
    return [shown, *_ratios(figures)]


def _spread(found: list[float]) -> str:
    def shown(figure: float) -> str:
        return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"

    return f"{shown(statistics.median(found))} ({shown(min(found))}-{shown(max(found))})"


def _ratios(figures: dict[str, Figures]) -> Iterator[Table]:
    pairs = [(Deployed.name, VictoriaMetrics.name), (Deployed.name, InfluxDB.name), (Store.name, DuckDB.name)]
    there = [(ours, theirs) for ours, theirs in pairs if ours in figures and theirs in figures]
    if not there:
        return
    table = Table(
        "Ours over theirs: below 1 we are ahead", ("figure", *(f"{ours} / {theirs}" for ours, theirs in there))
    )
    behind: list[str] = []
    for row, title in ROWS.items():
        if row.endswith("emulator") or title.startswith("…"):
            continue
        cells: list[str] = []
        for ours, theirs in there:
            ratios = [
                a / max(b, 1e-9) for a, b in zip(figures[ours].taken[row], figures[theirs].taken[row], strict=True)
            ]
            cells.append(_spread(ratios))
            if statistics.median(ratios) > 1:
                behind.append(f"{title}, {statistics.median(ratios):.3g} times {theirs}")
        table.rows.append((title, *cells))
    table.note = f"Round by round; median, least and most. Where we are behind: {'; '.join(behind) or 'nowhere'}."
    yield table


def _note(figures: dict[str, Figures], rounds: int) -> str:
    versions = "; ".join(f"{name}: {found.version}" for name, found in figures.items() if found.version)
    missing = [f"{name} was not there ({how})" for name, how in INSTALL.items() if name not in figures]
    return " ".join([f"{rounds} rounds in turn, median (least-most). {versions}.", *missing])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure beside other systems.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default="", help="names of systems")
    arguments = parser.parse_args()
    for table in tables(rounds=arguments.rounds, seed=arguments.seed, only=arguments.only):
        print(table)


if __name__ == "__main__":
    main()
