"""Imports: files of readings taken in, from good ones to hopeless ones, by workers that may die."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.jobs import files
from functions.jobs.files import File
from tests.conftest import Organization
from tests.functions import exporting
from tests.functions.working import Worker, played
from tests.gateway import Answer, Client
from whimbrel.domain.imports import Import, ImportId, Layout
from whimbrel.domain.tabular import Batch, Column, Kind, unescaped, write_csv
from whimbrel.instants import format_ms, parse_ms

IMPORTS = "/api/v1/imports"
NOON = parse_ms("2026-01-31T12:00:00Z")


@pytest.fixture
def worker(organization: Organization) -> Worker:
    return Worker(organization.client, organization.id)


def uploaded(worker: Worker, content: bytes, **body: Any) -> str:
    """Ask for an import and upload its file, as the form would; return its identifier."""
    asked = worker.client.post(IMPORTS, {"format": "CSV"} | body).ok()
    boto3.client("s3").put_object(Bucket="exports", Key=asked["upload"]["fields"]["key"], Body=content)
    return asked["id"]


def started(worker: Worker, identifier: str, at_ms: int | None = None) -> Answer:
    return worker.client.request("POST", f"{IMPORTS}/{identifier}/start", at_ms=at_ms)


def imported(worker: Worker, content: bytes | str, **body: Any) -> dict[str, Any]:
    """Import a file and return the import as it ended."""
    identifier = uploaded(worker, content.encode() if isinstance(content, str) else content, **body)
    worker.done(started(worker, identifier))
    return worker.client.get(f"{IMPORTS}/{identifier}").ok()


def all_errors(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Download the list of errors by its link's key."""
    key = urlsplit(answer["errorsUrl"]).path.removeprefix("/exports/").removeprefix("/")
    content = boto3.client("s3").get_object(Bucket="exports", Key=key)["Body"].read().decode()
    heading, *rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    assert heading == ["row", "reason", "detail"]
    return [(int(row), reason, detail) for row, reason, detail in rows]


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def test_a_csv_file_is_imported_row_by_row(worker: Worker) -> None:
    device = worker.device()
    content = (
        "deviceId,sensorId,timestamp,value,metadata\r\n"
        f"{device},t,2026-01-31T12:00:00Z,21.5,\r\n"
        f'{device},t,2026-01-31T13:00:01+01:00,22,"{{""by"":""Jo""}}"\r\n'
        f"{device},main/door,1769860800000,true,\r\n"
        f'{device},note,2026-01-31T12:00:00Z,"two\nlines, ""quoted""",\r\n'
    )

    done = imported(worker, content)

    assert (done["status"], done["counts"]) == ("SUCCEEDED", {"rows": 4, "accepted": 4, "refused": 0})
    assert (done["progress"], done["errors"]) == (100, [])
    assert "errorsUrl" not in done
    sensors = worker.sensors(device)
    assert worker.points(sensors["t"]) == [
        ("2026-01-31T12:00:00.000Z", 21.5, None),
        ("2026-01-31T12:00:01.000Z", 22.0, {"by": "Jo"}),
    ]
    assert [value for _, value, _ in worker.points(sensors["door"])] == [True]
    assert [value for _, value, _ in worker.points(sensors["note"])] == ['two\nlines, "quoted"']
    assert exporting.objects_kept() == []


def test_the_upload_is_a_form_with_conditions(worker: Worker) -> None:
    answer = worker.client.post(IMPORTS, {"format": "PARQUET"})

    asked = answer.json()
    assert answer.status_code == 201
    assert (asked["status"], asked["format"]) == ("WAITING", "PARQUET")
    fields = asked["upload"]["fields"]
    assert fields["key"] == f"organizations/{worker.organization_id}/imports/{asked['id']}/file"
    assert fields["Content-Type"] == "application/vnd.apache.parquet"
    assert {"policy", "x-amz-signature"} <= fields.keys()
    conditions = json.loads(base64.b64decode(fields["policy"]))["conditions"]
    assert ["content-length-range", 1, asked["upload"]["maxBytes"]] in conditions
    assert {"key": fields["key"]} in conditions
    assert {"Content-Type": fields["Content-Type"]} in conditions
    assert "upload" not in worker.client.get(f"{IMPORTS}/{asked['id']}").ok()


def test_starting_needs_the_file_and_happens_once(worker: Worker) -> None:
    device = worker.device()
    asked = worker.client.post(IMPORTS, {"format": "CSV"}).ok()
    early = started(worker, asked["id"])
    assert (early.status_code, early.json()["code"]) == (409, "file-missing")
    assert worker.client.get("/api/v1/jobs").ok()["items"] == []

    content = f"deviceId,sensorId,timestamp,value\n{device},t,{NOON},1\n".encode()
    boto3.client("s3").put_object(Bucket="exports", Key=asked["upload"]["fields"]["key"], Body=content)
    first, second = started(worker, asked["id"]), started(worker, asked["id"])

    assert first.json() == second.json()
    assert first.json()["id"] == asked["id"]
    done = worker.done(first)
    assert done["status"] == "SUCCEEDED"
    assert started(worker, asked["id"]).json()["status"] == "SUCCEEDED"
    assert len(worker.client.get("/api/v1/jobs").ok()["items"]) == 1


def test_a_row_that_is_refused_is_listed_and_does_not_stop_its_neighbours(worker: Worker) -> None:
    device, gone = worker.device(), "0190a5b2-7c1e-7a3b-9c4d-5e6f7a8b9c0d"
    rows = [
        f"{device},t,{NOON},1,",
        f"{device},t,2026-01-31T12:00:00,2,",
        f"{device},t,{NOON},warm,",
        f"{device},t,{NOON},,",
        f"{device},,{NOON},1,",
        f"{device},t,,1,",
        f"{gone},t,{NOON},1,",
        f",t,{NOON},1,",
        f"{device},t,{NOON},1",
        f"{device},t,{NOON},NaN,",
        f"{device},t,{NOON},1_000,",
        f"{device},other/x,{NOON},1,",
        f"{device},t,{NOON},1,nonsense",
        f"{device},t,{NOON},1,[]",
        f'{device},t,{NOON},1,"a"b',
        f"{device},t,{NOON + 1},2,",
    ]

    done = imported(worker, "deviceId,sensorId,timestamp,value,metadata\n" + "\n".join(rows))

    assert (done["status"], done["counts"]) == ("PARTIAL", {"rows": 16, "accepted": 2, "refused": 14})
    errors = all_errors(done)
    assert [(row, reason) for row, reason, _ in errors] == [
        (2, "BAD_TIMESTAMP"), (3, "TYPE_MISMATCH"), (4, "MISSING_FIELD"), (5, "MISSING_FIELD"), (6, "MISSING_FIELD"),
        (7, "UNKNOWN_SENSOR"), (8, "MISSING_FIELD"), (9, "MALFORMED_ROW"), (10, "OUT_OF_RANGE"),
        (11, "TYPE_MISMATCH"), (12, "UNKNOWN_COMPONENT"), (13, "MALFORMED_JSON"), (14, "TYPE_MISMATCH"),
        (15, "MALFORMED_ROW"),
    ]  # fmt: skip
    assert [(each["item"], each["code"]) for each in done["errors"]] == [
        (f"row {row}", reason) for row, reason, _ in errors
    ]
    assert [value for _, value, _ in worker.points(worker.sensors(device)["t"])] == [1, 2]
    assert worker.client.get("/api/v1/admin/quarantine").ok()["items"] == []


def test_a_file_may_have_names_of_its_own(worker: Worker) -> None:
    pump, fan = worker.device(), worker.device("Fan")
    content = f"when,what,who,how much,colour\n{NOON},t,P1,1,red\n{NOON},t,F1,2,red\n{NOON},t,,3,red\n"

    done = imported(
        worker,
        content,
        columns={"timestamp": "when", "sensorId": "what", "deviceId": "who", "value": "how much"},
        devices={"P1": pump, "F1": fan},
        deviceId=fan,
    )

    assert done["counts"] == {"rows": 3, "accepted": 3, "refused": 0}
    assert [value for _, value, _ in worker.points(worker.sensors(pump)["t"])] == [1]
    assert [value for _, value, _ in worker.points(worker.sensors(fan)["t"])] == [3]


def test_the_moment_of_the_start_decides_between_two_writes(worker: Worker) -> None:
    device = worker.device()
    content = f"sensorId,timestamp,value\nt,{NOON},1\nt,{NOON + 1},1\n"
    at_ms = NOON + 100_000
    identifier = uploaded(worker, content.encode(), deviceId=device)
    begun = started(worker, identifier, at_ms=at_ms)
    worker.send({"deviceId": device, "sensorId": "t", "timestamp": NOON, "value": 2}, at_ms=at_ms + 1)
    worker.send({"deviceId": device, "sensorId": "t", "timestamp": NOON + 1, "value": 2}, at_ms=at_ms - 1)

    worker.done(begun)

    assert [value for _, value, _ in worker.points(worker.sensors(device)["t"])] == [2, 1]


def test_a_sensor_keeps_its_type(worker: Worker) -> None:
    device = worker.device()
    for key, kind in (("n", "BIGINT"), ("s", "TEXT"), ("b", "BOOLEAN")):
        body = {"deviceId": device, "key": key, "name": key, "valueType": kind}
        worker.client.post("/api/v1/sensors", body).ok()
    content = f"sensorId,timestamp,value\nn,{NOON},9007199254740993\ns,{NOON},12\ns,{NOON + 1},\nb,{NOON},TRUE\n"

    done = imported(worker, content, deviceId=device)

    assert done["status"] == "SUCCEEDED"
    sensors = worker.sensors(device)
    assert [value for _, value, _ in worker.points(sensors["n"])] == [9007199254740993]
    assert [value for _, value, _ in worker.points(sensors["s"])] == ["12", ""]
    assert [value for _, value, _ in worker.points(sensors["b"])] == [True]


HOPELESS: dict[str, tuple[str, bytes, str]] = {
    "empty": ("CSV", b"", "empty"),
    "heading only": ("CSV", b"deviceId,sensorId,timestamp,value\n", "no rows"),
    "wrong heading": ("CSV", b"device,sensor,time,reading\n1,2,3,4\n", "'timestamp'"),
    "semicolons": ("CSV", b"deviceId;sensorId;timestamp;value\n1;2;3;4\n", "commas"),
    "twice": ("CSV", b"deviceId,value,sensorId,timestamp,value\n1,2,3,4,5\n", "two columns 'value'"),
    "latin-1": ("CSV", "deviceId,sensorId,timestamp,value\n1,größe,3,4\n".encode("latin-1"), "UTF-8"),
    "latin-1 heading": ("CSV", "deviceId,sensorId,timestamp,größe\n1,2,3,4\n".encode("latin-1"), "UTF-8"),
    "utf-16": ("CSV", "deviceId,sensorId,timestamp,value\n".encode("utf-16"), "UTF-16"),
    "gzip": ("CSV", b"\x1f\x8b\x08\x00" + b"x" * 50, "gzip"),
    "zip": ("CSV", b"PK\x03\x04" + b"x" * 50, "unpack"),
    "parquet as csv": ("CSV", b"PAR1" + b"x" * 50, "PARQUET"),
    "csv as parquet": ("PARQUET", b"deviceId,sensorId,timestamp,value\n", "Parquet"),
    "empty parquet": ("PARQUET", b"", "empty"),
    "tiny parquet": ("PARQUET", b"PAR1", "Parquet"),
    "no parquet": ("PARQUET", b"PAR1" + b"\0" * 50 + b"\x08\0\0\0PAR1", "Parquet"),
    "cut parquet": ("PARQUET", parquet({"sensorId": ["t"], "timestamp": [1], "value": [1.0]})[:-10], "Parquet"),
    "no zone": (
        "PARQUET",
        parquet({"deviceId": ["d"], "sensorId": ["t"], "timestamp": [datetime(2026, 1, 31)], "value": [1.0]}),  # noqa: DTZ001
        "time zone",
    ),
    "strange times": (
        "PARQUET",
        parquet({"deviceId": ["d"], "sensorId": ["t"], "timestamp": [1.5], "value": [1.0]}),
        "milliseconds",
    ),
    "numbered sensors": (
        "PARQUET",
        parquet({"deviceId": ["d"], "sensorId": [1], "timestamp": [1], "value": [1.0]}),
        "not text",
    ),
    "no columns": ("PARQUET", parquet({"sensor": ["d"]}), "'timestamp'"),
}


@pytest.mark.parametrize("case", HOPELESS.values(), ids=HOPELESS)
def test_a_hopeless_file_fails_in_words(worker: Worker, case: tuple[str, bytes, str]) -> None:
    form, content, said = case

    done = imported(worker, content, format=form)

    assert done["status"] == "FAILED"
    assert said in done["errors"][0]["detail"]
    assert done["counts"].get("accepted", 0) == 0


def test_damage_in_the_middle_of_a_parquet_file_ends_the_import_there(worker: Worker) -> None:
    rows = 200_000
    content = bytearray(
        parquet(
            {
                "sensorId": ["t"] * rows,
                "timestamp": [NOON - n for n in range(rows)],
                "value": [n / 7 for n in range(rows)],
            },
            row_group_size=70_000,
            compression="zstd",
        )
    )
    middle = len(content) * 2 // 3
    content[middle : middle + 20_000] = b"\xff" * 20_000

    done = imported(worker, bytes(content), format="PARQUET", deviceId=worker.device())

    assert done["status"] == "FAILED"
    assert "damaged" in done["errors"][0]["detail"]
    assert 0 < done["counts"]["accepted"] < rows


def test_a_quote_that_is_never_closed_ends_the_import(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE_BYTES", 1_000)
    monkeypatch.setattr(files, "MAX_OPEN_BYTES", 4_000)
    rows = [f"t,{NOON + n},{n}" for n in range(500)]
    rows[100] = f't,{NOON},"1'

    done = imported(worker, "sensorId,timestamp,value\n" + "\n".join(rows), deviceId=worker.device())

    assert done["status"] == "FAILED"
    assert "quote" in done["errors"][0]["detail"]
    assert 50 < done["counts"]["accepted"] <= 100


def test_a_file_that_is_replaced_after_the_start_is_not_mixed_up(worker: Worker) -> None:
    identifier = uploaded(worker, f"sensorId,timestamp,value\nt,{NOON},1\n".encode(), deviceId=worker.device())
    begun = started(worker, identifier)
    key = f"organizations/{worker.organization_id}/imports/{identifier}/file"
    boto3.client("s3").put_object(Bucket="exports", Key=key, Body=b"something else entirely, longer than before")

    done = worker.done(begun)

    assert done["status"] == "FAILED"
    assert "replaced" in done["errors"][0]["detail"]


def test_what_is_asked_wrongly_is_refused_by_field(worker: Worker, other: Client, scoped: Callable[..., Any]) -> None:
    theirs = other.post("/api/v1/devices", {"name": "Theirs"}).ok()["id"]
    refused: list[tuple[str, dict[str, Any]]] = [
        ("format", {"format": "XLSX"}),
        ("deviceId", {"deviceId": "pump"}),
        ("deviceId", {"deviceId": theirs}),
        ("devices", {"devices": {"a": theirs}}),
        ("columns.value", {"columns": {"value": ""}}),
        ("columns.price", {"columns": {"price": "a"}}),
    ]
    for field, body in refused:
        answer = worker.client.post(IMPORTS, {"format": "CSV"} | body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert worker.client.get(IMPORTS).ok()["items"] == []
    assert scoped("readings:read").post(IMPORTS, {"format": "CSV"}).status_code == 403


def test_another_organization_sees_nothing(worker: Worker, other: Client) -> None:
    identifier = uploaded(worker, b"x")
    url = f"{IMPORTS}/{identifier}"

    assert [other.get(url).status_code, other.post(f"{url}/start").status_code, other.delete(url).status_code] == [
        404, 404, 404
    ]  # fmt: skip
    assert other.get(IMPORTS).ok()["items"] == []
    assert [each["id"] for each in worker.client.get(IMPORTS).ok()["items"]] == [identifier]


def test_a_deleted_import_stops_and_leaves_no_file(worker: Worker) -> None:
    identifier = uploaded(worker, f"sensorId,timestamp,value\nt,{NOON},1\n".encode(), deviceId=worker.device())
    started(worker, identifier)

    assert worker.client.delete(f"{IMPORTS}/{identifier}").status_code == 204

    assert played(worker.organization_id, identifier) == ["run"]
    job = worker.client.get(f"/api/v1/jobs/{identifier}").ok()
    assert (job["status"], job["errors"][0]["detail"]) == ("FAILED", "The import was deleted.")
    assert exporting.objects_kept() == []
    assert worker.client.get(f"{IMPORTS}/{identifier}").status_code == 404


@settings(max_examples=8)
@given(
    at=st.integers(1, 90),
    event=st.sampled_from(["before-call", "after-call"]),
    form=st.sampled_from(["CSV", "PARQUET"]),
)
def test_a_worker_that_dies_anywhere_loses_nothing_and_counts_once(
    worker: Worker, at: int, event: str, form: str
) -> None:
    device = worker.device()
    rows = [("t", NOON + n, f"{n}.5" if n % 10 else "warm") for n in range(60)]
    if form == "CSV":
        content = ("sensorId,timestamp,value\n" + "\n".join(f"{s},{t},{v}" for s, t, v in rows)).encode()
    else:
        value: list[Any] = [v for _, _, v in rows]
        columns = {"sensorId": ["t"] * 60, "timestamp": [t for _, t, _ in rows]}
        typed = {
            "valueDouble": [None if v == "warm" else float(v) for v in value],
            "valueText": ["warm" if v == "warm" else None for v in value],
        }
        content = parquet(columns | typed)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(files, "PIECE_BYTES", 300)
        monkeypatch.setattr(files, "PIECE_ROWS", 15)
        identifier = uploaded(worker, content, format=form, deviceId=device)
        done = worker.done(started(worker, identifier), dies=(at, event))

    assert done["status"] == "PARTIAL"
    assert done["counts"] == {"rows": 60, "accepted": 54, "refused": 6}
    assert [value for _, value, _ in worker.points(worker.sensors(device)["t"])] == [
        n + 0.5 for n in range(60) if n % 10
    ]
    answer = worker.client.get(f"{IMPORTS}/{identifier}").ok()
    assert [row for row, _, _ in all_errors(answer)] == [1, 11, 21, 31, 41, 51]


@pytest.mark.parametrize("event", ["before-call", "after-call"])
def test_a_worker_that_dies_at_any_call_counts_and_lists_once(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    monkeypatch.setattr(files, "PIECE_BYTES", 60)
    device, at = worker.device(), 0
    content = "sensorId,timestamp,value\n" + "".join(f"t,{NOON + n},{n if n % 3 else 'warm'}\n" for n in range(7))
    worker.died = True
    while worker.died:
        at += 1
        identifier = uploaded(worker, content.encode(), deviceId=device)

        done = worker.done(started(worker, identifier), dies=(at, event))

        assert done["counts"] == {"rows": 7, "accepted": 4, "refused": 3}
        answer = worker.client.get(f"{IMPORTS}/{identifier}").ok()
        assert [row for row, _, _ in all_errors(answer)] == [1, 4, 7]
    assert at > 10
    assert [value for _, value, _ in worker.points(worker.sensors(device)["t"])] == [1, 2, 4, 5]


@pytest.mark.parametrize("form", ["CSV", "PARQUET"])
def test_an_import_goes_on_over_many_steps(worker: Worker, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(files, "PIECE_BYTES", 300)
    monkeypatch.setattr(files, "PIECE_ROWS", 15)
    device, rows = worker.device(), range(60)
    content = "sensorId,timestamp,value\n" + "".join(f"t,{NOON + n},{n}\n" for n in rows)
    columns = {"sensorId": ["t"] * 60, "timestamp": [NOON + n for n in rows], "value": [float(n) for n in rows]}
    identifier = uploaded(worker, content.encode() if form == "CSV" else parquet(columns), format=form, deviceId=device)

    done = worker.done(started(worker, identifier), budget_s=0)

    assert done["counts"] == {"rows": 60, "accepted": 60, "refused": 0}
    assert [value for _, value, _ in worker.points(worker.sensors(device)["t"])] == list(rows)


@pytest.mark.parametrize("form", ["CSV", "PARQUET"])
def test_what_was_exported_can_be_imported_elsewhere(
    worker: Worker, organization: Organization, an_organization: Callable[..., Organization], form: str
) -> None:
    world = exporting.a_world(organization.client, organization)
    export = world.export(format=form, includes=["READINGS"])
    content = world.archive(export).read(f"readings.{form.lower()}")
    neighbour = an_organization("Umbrella")
    there = Worker(neighbour.client, neighbour.id)
    device = there.device("Copy")

    done = imported(there, content, format=form, devices={world.device: device})

    # Numbers that are not finite are in no reading that comes by the API, in or out.
    assert done["counts"] == {"rows": 14, "accepted": 11, "refused": 3}
    assert {reason for _, reason, _ in all_errors(done)} == {"OUT_OF_RANGE"}
    origin, copies = worker.sensors(world.device), there.sensors(device)
    assert origin.keys() == copies.keys()
    for key in origin.keys() - {"double"}:
        assert there.points(copies[key]) == worker.points(origin[key]) != []
    types = [
        {each["key"]: each["valueType"] for each in who.client.get(f"/api/v1/sensors?deviceId={which}").ok()["items"]}
        for who, which in ((worker, world.device), (there, device))
    ]
    assert types[0] == types[1]


def test_what_was_exported_can_be_imported_where_it_was(worker: Worker, organization: Organization) -> None:
    world = exporting.a_world(organization.client, organization)
    sensor = next(identifier for kind, identifier in world.sensors.items() if kind == "TEXT")
    before = worker.points(sensor)
    content = world.archive(world.export(format="CSV", includes=["READINGS"])).read("readings.csv")
    worker.done(worker.client.delete(f"/api/v1/readings/sensor/{sensor}"))
    assert worker.points(sensor) == []

    done = imported(worker, content)

    assert done["counts"]["accepted"] == 11
    assert worker.points(sensor) == before


def test_an_export_as_an_archive_is_told_to_be_unpacked(worker: Worker) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("readings.csv", "deviceId,sensorId,timestamp,value\n")

    assert "unpack" in imported(worker, archive.getvalue())["errors"][0]["detail"]


class TestParts:
    @given(text=st.text(alphabet="'=+-@\ta\n\r,\"é", max_size=6))
    def test_a_text_in_a_cell_reads_back_the_same(self, text: str) -> None:
        sink = io.BytesIO()

        write_csv([Column("a", Kind.TEXT, "")], [Batch(1, {"a": [text]})], sink)

        [_, [cell]] = csv.reader(io.StringIO(sink.getvalue().decode(), newline=""), strict=True)
        assert unescaped(cell) == text

    @given(
        rows=st.lists(st.tuples(st.text(alphabet='a",\n\r é', max_size=12), st.integers(0, 9)), max_size=30),
        size=st.integers(8, 64),
        resume_at=st.integers(0, 30),
    )
    def test_pieces_of_any_size_from_any_of_them_on_have_the_same_rows(
        self, rows: list[tuple[str, int]], size: int, resume_at: int
    ) -> None:
        written = io.StringIO(newline="")
        lines = csv.writer(written, quoting=csv.QUOTE_ALL)
        lines.writerow(["sensorId", "timestamp", "value"])
        lines.writerows((text, number, number) for text, number in rows)
        asked = Import.model_validate(
            {
                "id": ImportId.new(),
                "requestedBy": "me",
                "format": "CSV",
                "deviceId": "0190a5b2-7c1e-7a3b-9c4d-5e6f7a8b9c0d",
            }
        )
        content = written.getvalue().encode()

        class Held(File):
            def __init__(self) -> None:
                self.size_bytes = len(content)

            def range(self, start: int, end: int) -> bytes:
                return content[start : min(end, len(content))]

        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(files, "PIECE_BYTES", size)
            found = [piece for _, piece in files.pieces(Held(), asked, {})]
            at = min(resume_at, len(found))
            position = {} if at == 0 else found[at - 1].next
            again = [piece for _, piece in files.pieces(Held(), asked, position)]

        whole = found[:at] + again
        assert [row for piece in whole for row in zip(*piece.columns, strict=True)] == [
            (text, str(number), str(number)) for text, number in rows
        ]
        assert [number for piece in whole for number in piece.numbers] == list(range(1, len(rows) + 1))

    def test_a_parquet_file_may_hold_its_columns_in_many_ways(self, worker: Worker) -> None:
        device = worker.device()
        at = datetime.fromtimestamp(NOON / 1000, UTC)
        times: dict[str, Any] = {
            "us": pa.array([at], pa.timestamp("us", "UTC")),
            "berlin": pa.array([at], pa.timestamp("ns", "Europe/Berlin")),
            "text": [format_ms(NOON)],
            "number": [NOON],
        }
        for name, time in times.items():
            sensor = pa.array([name]).dictionary_encode()
            content = parquet({"sensorId": sensor, "timestamp": time, "value": pa.array([1], pa.int32())})
            done = imported(worker, content, format="PARQUET", deviceId=device)
            assert done["counts"] == {"rows": 1, "accepted": 1, "refused": 0}
        for sensor in worker.sensors(device).values():
            assert worker.points(sensor) == [(format_ms(NOON), 1.0, None)]

    def test_a_byte_order_mark_is_no_part_of_the_first_heading(self, worker: Worker) -> None:
        content = f"\ufeffsensorId,timestamp,value\r\nt,{NOON},1\r\n\r\n"

        assert imported(worker, content, deviceId=worker.device())["counts"]["accepted"] == 1

    def test_an_export_is_known_by_its_columns(self) -> None:
        asked = Import.model_validate({"id": ImportId.new(), "requestedBy": "me", "format": "CSV"})
        header = ["timestamp", "deviceId", "componentId", "sensorId", "sensorKey", "valueType", "value", "unit"]

        assert Layout.of(header, asked).is_export
        assert not Layout.of(header[:-1], asked).is_export
