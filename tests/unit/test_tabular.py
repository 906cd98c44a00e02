"""Tables as files: what is written reads back the same, in every format, however the rows were cut into batches."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain import parquet, tabular
from whimbrel.domain.parquet import parquet_columns, write_parquet
from whimbrel.domain.series import ValueType
from whimbrel.domain.tabular import Batch, Column, Kind, Sink, times, write_csv, write_jsonl
from whimbrel.instants import format_ms

Write = Callable[[Sequence[Column], Any, Sink], None]

COLUMNS = [
    Column("at", Kind.TIMESTAMP, "When."),
    Column("who", Kind.TEXT, "Who, or nobody."),
    Column("value", Kind.VALUE, "What."),
    Column("note", Kind.JSON, "More."),
]

# What RFC 3339 can say: the years 1 to 9999.
TIMESTAMPS = st.integers(-62_135_596_800_000, 253_402_300_799_999)
FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.DOUBLE: st.floats(),
    ValueType.BIGINT: st.integers(-(2**63), 2**63 - 1),
    ValueType.BOOLEAN: st.booleans(),
    ValueType.TEXT: TEXTS,
}


@st.composite
def batches(draw: st.DrawFn) -> list[Batch]:
    made: list[Batch] = []
    for value_type in draw(st.lists(st.sampled_from(ValueType), max_size=5)):
        rows = draw(st.integers(1, 6))
        notes = st.none() | st.dictionaries(TEXTS, st.integers(), max_size=2).map(json.dumps)
        varying = {
            "at": draw(st.lists(TIMESTAMPS, min_size=rows, max_size=rows)),
            "value": draw(st.lists(VALUES[value_type], min_size=rows, max_size=rows)),
            "note": draw(st.lists(notes, min_size=rows, max_size=rows)),
        }
        made.append(Batch(rows, varying, {"who": draw(st.none() | TEXTS)}, value_type))
    return made


def rows_of(made: list[Batch]) -> Iterator[tuple[int, str | None, ValueType, Any, str | None]]:
    for batch in made:
        assert batch.value_type
        for row in range(batch.rows):
            at, value, note = (batch.varying[name][row] for name in ("at", "value", "note"))
            yield at, batch.constant["who"], batch.value_type, value, note


def cut(made: list[Batch]) -> list[Batch]:
    """Return the same rows, one a batch."""
    return [
        Batch(
            1, {name: values[row : row + 1] for name, values in batch.varying.items()}, batch.constant, batch.value_type
        )
        for batch in made
        for row in range(batch.rows)
    ]


def written(write: Write, made: Any, columns: Sequence[Column] = COLUMNS) -> bytes:
    sink = io.BytesIO()
    write(columns, made, sink)
    return sink.getvalue()


def same(left: object, right: object) -> bool:
    """Tell whether two values are the same to the sign of a zero."""
    if isinstance(left, float) and isinstance(right, float):
        return str(left) == str(right)
    return type(left) is type(right) and left == right


def read_value(text: str, value_type: ValueType) -> Any:
    match value_type:
        case ValueType.DOUBLE:
            return float(text)
        case ValueType.BIGINT:
            return int(text)
        case ValueType.BOOLEAN:
            return {"true": True, "false": False}[text]
        case ValueType.TEXT:
            return text


def neutral(text: str) -> str:
    """Return *text* as a spreadsheet may see it: the rule, said once more in another way."""
    return re.sub(rf"\A(?=[{re.escape(FORMULA_STARTS)}])", "'", text)


@given(batches())
def test_csv_reads_back(made: list[Batch]) -> None:
    read = list(csv.reader(io.StringIO(written(write_csv, made).decode(), newline=""), strict=True))

    assert read[0] == ["at", "who", "value", "note"]
    assert len(read) == 1 + sum(batch.rows for batch in made)
    for cells, (at, who, value_type, value, note) in zip(read[1:], rows_of(made), strict=True):
        assert cells[0] == format_ms(at)
        assert cells[1] == neutral(who or "")
        assert cells[3] == neutral(note or "")
        if value_type is ValueType.TEXT:
            assert cells[2] == neutral(value)
        else:
            assert same(read_value(cells[2], value_type), value)


@given(batches())
def test_json_lines_read_back(made: list[Batch]) -> None:
    read = [json.loads(line) for line in written(write_jsonl, made).decode().split("\n")[:-1]]

    for row, (at, who, value_type, value, note) in zip(read, rows_of(made), strict=True):
        assert list(row) == ["at", "who", "value", "note"]
        assert (row["at"], row["who"]) == (format_ms(at), who)
        assert row["note"] == (json.loads(note) if note is not None else None)
        found = row["value"]
        if value_type is ValueType.DOUBLE:
            assert isinstance(found, str) == (not math.isfinite(value))
            found = float(found)
        assert same(found, value)


@given(batches())
def test_parquet_reads_back(made: list[Batch]) -> None:
    table = pq.read_table(io.BytesIO(written(write_parquet, made)))
    read = table.set_column(0, "at", table.column("at").cast(pa.int64())).to_pylist()

    for row, (at, who, value_type, value, note) in zip(read, rows_of(made), strict=True):
        assert (row["at"], row["who"], row["note"]) == (at, who, note)
        typed = {kind: row[f"value{kind.capitalize()}"] for kind in ValueType}
        assert same(typed.pop(value_type), value)
        assert set(typed.values()) == {None}


def test_the_columns_of_parquet_have_types_and_descriptions() -> None:
    schema = pq.read_schema(io.BytesIO(written(write_parquet, [])))

    assert [(each.name, each.type) for each in schema] == [
        ("at", pa.timestamp("ms", tz="UTC")),
        ("who", pa.string()),
        ("valueDouble", pa.float64()),
        ("valueBigint", pa.int64()),
        ("valueBoolean", pa.bool_()),
        ("valueText", pa.string()),
        ("note", pa.string()),
    ]
    assert [column.name for column in parquet_columns(COLUMNS)] == schema.names
    assert schema.field("at").metadata[b"description"] == b"When."


@pytest.mark.parametrize("write", [write_csv, write_jsonl, write_parquet])
@given(made=batches())
def test_the_bytes_do_not_depend_on_the_batches(write: Write, made: list[Batch]) -> None:
    assert written(write, made) == written(write, cut(made))


def test_row_groups_do_not_depend_on_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 10)
    columns = [Column("n", Kind.BIGINT, "A number.")]

    def numbers(size: int) -> list[Batch]:
        return [Batch(len(part := range(at, min(at + size, 95))), {"n": part}) for at in range(0, 95, size)]

    ways = [written(write_parquet, numbers(size), columns) for size in (1, 7, 10, 33, 95)]

    assert len(set(ways)) == 1
    file = pq.ParquetFile(io.BytesIO(ways[0]))
    assert [file.metadata.row_group(group).num_rows for group in range(10)] == [10] * 9 + [5]
    assert file.read().column("n").to_pylist() == list(range(95))


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_text_that_looks_like_a_formula_is_made_harmless(start: str) -> None:
    batch = Batch(1, {"value": [f"{start}1+2"]}, value_type=ValueType.TEXT)
    columns = [Column("value", Kind.VALUE, "What.")]

    (_, (cell,)) = csv.reader(io.StringIO(written(write_csv, [batch], columns).decode(), newline=""))

    assert cell == f"'{start}1+2"


def test_negative_numbers_stay_numbers() -> None:
    columns = [Column("value", Kind.VALUE, "What.")]
    made = [
        Batch(1, {"value": [-3.5]}, value_type=ValueType.DOUBLE),
        Batch(1, {"value": [-7]}, value_type=ValueType.BIGINT),
    ]

    assert written(write_csv, made, columns) == b"value\r\n-3.5\r\n-7\r\n"


def test_what_is_not_finite_has_a_name() -> None:
    columns = [Column("value", Kind.VALUE, "What.")]
    made = [Batch(4, {"value": [math.nan, math.inf, -math.inf, -0.0]}, value_type=ValueType.DOUBLE)]

    assert written(write_csv, made, columns).split() == [b"value", b"NaN", b"Infinity", b"-Infinity", b"-0.0"]
    assert written(write_jsonl, made, columns).split() == [
        b'{"value":"NaN"}',
        b'{"value":"Infinity"}',
        b'{"value":"-Infinity"}',
        b'{"value":-0.0}',
    ]


def test_absent_and_empty_are_told_apart() -> None:
    columns = [Column("who", Kind.TEXT, "Who.")]

    assert written(write_csv, [Batch(2, {"who": ["", None]})], columns) == b'who\r\n""\r\n\r\n'
    assert written(write_jsonl, [Batch(2, {"who": ["", None]})], columns) == b'{"who":""}\n{"who":null}\n'


def test_a_per_cent_sign_is_no_template() -> None:
    columns = [Column("unit", Kind.TEXT, "Unit."), Column("value", Kind.VALUE, "What.")]
    batch = Batch(1, {"value": ["%d"]}, {"unit": "%s"}, ValueType.TEXT)

    assert written(write_csv, [batch], columns) == b"unit,value\r\n%s,%d\r\n"


@given(st.lists(TIMESTAMPS))
def test_times_are_written_as_one_by_one(timestamps: list[int]) -> None:
    assert times(timestamps) == [format_ms(at) for at in timestamps]


DECIMALS = st.builds(lambda number, digits: number / 10**digits, st.integers(-(10**6), 10**6), st.integers(0, 4))
BY_TYPE: dict[ValueType, st.SearchStrategy[list[Any]]] = {
    ValueType.DOUBLE: st.lists(DECIMALS | st.sampled_from([0.0, -0.0, 1e-5, 0.0001, 1e15, 1e16, 5e-324]))
    | st.lists(DECIMALS | st.floats())
    | st.lists(st.floats()),
    ValueType.BIGINT: st.lists(st.integers(-(2**63), 2**63 - 1)) | st.lists(st.integers(-(10**5), 10**5)),
    ValueType.BOOLEAN: st.lists(st.booleans()),
    ValueType.TEXT: st.lists(st.sampled_from(["on", "=off", "", 'a "b", c', "%s"])) | st.lists(TEXTS),
}


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
@pytest.mark.parametrize("value_type", ValueType, ids=str)
@given(data=st.data())
def test_arrays_are_written_as_lists_are(write: Write, value_type: ValueType, data: st.DataObject) -> None:
    values = data.draw(BY_TYPE[value_type])
    near = st.integers(0, 3 * tabular.DAY_MS)
    timestamps = sorted(data.draw(st.lists(near | TIMESTAMPS, min_size=len(values), max_size=len(values))))
    constant = {"who": data.draw(st.none() | TEXTS), "note": data.draw(st.none() | st.just('{"%d": 1}'))}
    kinds = {ValueType.DOUBLE: np.float64, ValueType.BIGINT: np.int64, ValueType.BOOLEAN: np.bool_}
    listed = Batch(len(values), {"at": timestamps, "value": values}, constant, value_type)
    arrays: dict[str, Any] = {"at": np.array(timestamps, np.int64)}
    arrays["value"] = np.array(values, kinds[value_type]) if value_type in kinds else values
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tabular, "WORTH_ARRAYS", 10**9)
        expected = written(write, [listed])
        assert written(write, [Batch(len(values), arrays, constant, value_type)]) == expected
        patch.setattr(tabular, "WORTH_ARRAYS", 1)
        patch.setattr(tabular, "AT_ONCE", data.draw(st.integers(1, 20)))
        assert written(write, [listed]) == expected
        assert written(write, [Batch(len(values), arrays, constant, value_type)]) == expected


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
@pytest.mark.parametrize("odd", [[], [math.nan] * 70, [2**-30] * 71, [-1.25, -0.0, math.inf, 0.1 + 0.2]], ids=len)
def test_many_rows_are_written_as_few_are(write: Write, odd: list[float]) -> None:
    dice = random.Random(3)
    values = [round(dice.gauss(0, 10 ** dice.randrange(1, 7)), dice.randrange(4)) for _ in range(20_000)]
    values[100 : 100 + len(odd)] = odd
    made = Batch(len(values), {"at": list(range(0, 7_000 * len(values), 7_000)), "value": values}, {}, ValueType.DOUBLE)
    columns = [COLUMNS[0], COLUMNS[2]]

    assert written(write, [made], columns) == written(write, cut([made]), columns)


@pytest.mark.parametrize("value", [10**15 - 1.0, 10**15 + 0.5, 2**53 / 1000, 123456789.123456, 0.1, 1 / 3], ids=str)
def test_each_double_is_the_shortest_text_that_reads_back(value: float) -> None:
    batch = Batch(500, {"at": [0] * 500, "value": [value, -value] * 250}, {}, ValueType.DOUBLE)

    rows = written(write_csv, [batch], [COLUMNS[0], COLUMNS[2]]).decode().split("\r\n")[1:-1]

    assert [row.split(",")[1] for row in rows] == [str(value), str(-value)] * 250


class Broken(Exception):
    pass


@pytest.mark.parametrize("write", [write_csv, write_jsonl, write_parquet])
def test_what_a_source_or_a_sink_raises_comes_through(write: Write) -> None:
    columns = [Column("n", Kind.BIGINT, "A number.")]

    def source() -> Iterator[Batch]:
        yield Batch(1, {"n": [1]})
        raise Broken

    class BrokenSink:
        def write(self, _data: bytes | memoryview, /) -> None:
            raise Broken

    with pytest.raises(Broken):
        write(columns, source(), io.BytesIO())
    with pytest.raises(Broken):
        write(columns, [Batch(1, {"n": [1]})], BrokenSink())


@pytest.mark.parametrize("write", [write_csv, write_jsonl, write_parquet])
def test_memory_does_not_grow_with_rows(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 4_000)

    class Nowhere:
        def write(self, _data: bytes | memoryview, /) -> None:
            """Take it and forget it."""

    def peak(batches: int) -> int:
        rows = 1_000
        values = [float(row) for row in range(rows)]
        batch = Batch(rows, {"at": range(rows), "value": values}, {"who": "me", "note": None}, ValueType.DOUBLE)
        tracemalloc.start()
        write(COLUMNS, (batch for _ in range(batches)), Nowhere())
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(1)  # what is made once is made here
    # A third more is for the directory of row groups that Parquet keeps: 3 KB for each.
    assert peak(40) < peak(10) * 4 / 3
