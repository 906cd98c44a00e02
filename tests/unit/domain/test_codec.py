"""Blocks: nothing is lost, nothing foreign is believed, and few bytes are spent."""

from __future__ import annotations

import random
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.frames import START, exact, frames, generated, promised, sensor_id, some_doubles, some_integers
from whimbrel.domain import codec
from whimbrel.domain.octets import Allowance, Reader, Writer
from whimbrel.domain.series import Column, Frame, Series, Value, ValueType

DOUBLE = Column(sensor_id(1), ValueType.DOUBLE)


@pytest.fixture(params=["lists", "numpy"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run with plain lists, or with numpy even where it is not worth it."""
    monkeypatch.setattr(codec, "_vectorised", None)
    if request.param == "numpy":
        monkeypatch.setattr(codec, "_WORTH_AN_ARRAY", 1)
        assert codec.vectorise()
    return request.param


@settings(max_examples=250)
@given(frame=frames())
def test_decoding_gives_back_every_bit(kernel: str, frame: Frame) -> None:
    assert exact(codec.decode(codec.encode(frame))) == exact(frame)


@settings(max_examples=120)
@given(frame=frames())
def test_lists_and_numpy_write_the_same_bytes(frame: Frame) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_vectorised", None)
        by_lists = codec.encode(frame)
        patch.setattr(codec, "_WORTH_AN_ARRAY", 1)
        codec.vectorise()

        assert codec.encode(frame) == by_lists
        assert codec.encode(codec.decode_arrays(by_lists)) == by_lists


@pytest.mark.parametrize("part", range(8))
def test_twenty_thousand_frames_come_back_the_same_from_both_kernels(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(part)
    vectorised = codec.vectorise() and codec._vectorised
    monkeypatch.setattr(codec, "_WORTH_AN_ARRAY", 1)
    for number in range(2_500):
        frame = generated(dice)
        monkeypatch.setattr(codec, "_vectorised", None)
        block = codec.encode(frame)
        expected = exact(frame)
        assert exact(codec.decode(block)) == expected, number
        monkeypatch.setattr(codec, "_vectorised", vectorised)
        assert exact(codec.decode(block)) == expected, number
        assert codec.encode(frame) == block, number


@settings(max_examples=60)
@given(frame=frames(), wanted=st.sets(st.integers(0, 4)))
def test_some_sensors_can_be_read_alone(frame: Frame, wanted: set[int]) -> None:
    ids = {sensor_id(number) for number in wanted}
    expected = {column: series for column, series in frame.items() if column.sensor_id in ids}

    assert exact(codec.decode(codec.encode(frame), ids)) == exact(expected)


def test_a_few_rows_of_arrays_are_written_like_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "_vectorised", None)
    assert codec.vectorise()
    dice = random.Random(3)
    for value_type, values in ((ValueType.DOUBLE, some_doubles), (ValueType.BIGINT, some_integers)):
        for _ in range(50):
            column, many = Column(sensor_id(1), value_type), [*range(START, START + 300_000, 1000)]
            whole: Frame = {column: Series(many, [*values(dice, 300)], many)}
            arrays = codec.decode_arrays(codec.encode(whole))[column]
            few = Series(arrays.timestamps[:40], arrays.values[:40], arrays.versions[:40])
            lists = whole[column].between(START, START + 40_000)

            assert codec.encode({column: few}) == codec.encode({column: lists})


def test_an_empty_frame_is_a_block_too() -> None:
    assert codec.decode(codec.encode({})) == {}
    assert codec.decode(codec.encode({DOUBLE: Series([], [], [])})) == {}


@settings(max_examples=60)
@given(frame=frames(), data=st.data())
def test_truncated_or_altered_blocks_are_refused(frame: Frame, data: st.DataObject) -> None:
    block = bytearray(codec.encode(frame))
    at = data.draw(st.integers(0, len(block) - 1))
    bit = 1 << data.draw(st.integers(0, 7))

    with pytest.raises(codec.CorruptBlock):
        codec.decode(bytes(block[:at]))
    block[at] ^= bit
    with pytest.raises(codec.CorruptBlock):
        codec.decode(bytes(block))


def sealed(content: bytes) -> bytes:
    """Return *content* as a block whose checksum is right, as somebody who means harm would."""
    return bytes((1, *zlib.crc32(content).to_bytes(4, "little"))) + content


@settings(max_examples=400)
@given(frame=frames(), data=st.data())
def test_forged_blocks_are_read_or_refused_but_never_crash(kernel: str, frame: Frame, data: st.DataObject) -> None:
    content = bytearray(codec.encode(frame)[5:])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))

    with suppress(codec.CorruptBlock):
        codec.decode(sealed(bytes(content)))


@settings(max_examples=200)
@given(content=st.binary(max_size=80))
def test_foreign_bytes_are_read_or_refused_but_never_crash(content: bytes) -> None:
    with pytest.raises(codec.CorruptBlock):
        codec.decode(content)
    with suppress(codec.CorruptBlock):
        codec.decode(sealed(content))


def written(*numbers: int | bytes) -> bytes:
    to = Writer(Allowance(10**9))
    for number in numbers:
        to.raw(number) if isinstance(number, bytes) else to.unsigned(number)
    return bytes(to.content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(written(2**40), id="groups"),
        pytest.param(written(1, 30, 2**19, 0, b"\0\0", 2**30), id="version streams"),
        pytest.param(written(0, 2**40), id="columns"),
        pytest.param(written(1, 5, 2**40, 0, 0, 0, 0, 0), id="rows"),
    ],
)
def test_a_small_block_cannot_ask_for_much_memory(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(codec.CorruptBlock):
            codec.decode(sealed(content))
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()


def test_a_deflated_bomb_is_not_unpacked() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = bomb.compress(bytes(2**28)) + bomb.flush()
    reader = Reader(memoryview(written(2 + len(content), content)), Allowance(10**6))
    tracemalloc.start()
    try:
        with pytest.raises(codec.CorruptBlock):
            reader.deflated(1000)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_block_refuses_more_than_a_reader_would_unpack() -> None:
    many = codec.MAX_READINGS + 1
    text = Column(sensor_id(2), ValueType.TEXT)

    with pytest.raises(codec.BlockTooLarge):
        codec.encode({DOUBLE: Series(list(range(many)), [0.0] * many, [0] * many)})
    with pytest.raises(codec.BlockTooLarge):
        codec.encode({text: Series(list(range(70)), [chr(65 + row) * 10**6 for row in range(70)], [0] * 70)})


def test_the_largest_block_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "_vectorised", None)
    assert codec.vectorise()
    rows = codec.MAX_READINGS
    dice = random.Random(1)
    values: list[Value] = [dice.random() for _ in range(1000)] * (rows // 1000 + 1)
    frame: Frame = {DOUBLE: Series(list(range(rows)), values[:rows], [START] * rows)}

    assert codec.decode(codec.encode(frame)) == frame


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_number_of_more_than_64_bits_is_refused(kernel: str, value: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        codec.encode({Column(sensor_id(1), ValueType.BIGINT): Series([START], [value], [START])})
    with pytest.raises(ValueError, match="64 bits"):
        codec.encode({DOUBLE: Series([value], [1.0], [START])})
    with pytest.raises(ValueError, match="64 bits"):
        codec.encode({DOUBLE: Series([START], [1.0], [value])})


def of_one_sensor(first: int, step: int, lag: int) -> bytes:
    """Return a block of three rows that are even in time, all of one version, all true."""
    group, column, whole = (Writer(Allowance(10**6)) for _ in range(3))
    for number in (3, step << 2 | 1, first << 1, 1, 1, lag << 1):
        group.unsigned(number)
    column.raw(written(2, 0, 0))
    column.deflated(b"\7")
    column_id = bytes.fromhex(sensor_id(1).replace("-", ""))
    whole.raw(written(1, len(group.content), bytes(group.content), 1, column_id))
    whole.sized(column.content)
    return sealed(bytes(whole.content))


def test_numbers_of_more_than_64_bits_are_not_believed(kernel: str) -> None:
    (series,) = codec.decode(of_one_sensor(START, 1000, 5)).values()
    assert series == Series([START, START + 1000, START + 2000], [True] * 3, [START + 5] * 3)

    for first, step, lag in ((2**63, 1, 0), (2**62, 2**62, 0), (START, 0, 0), (START, 1, 2**63)):
        with pytest.raises(codec.CorruptBlock):
            codec.decode(of_one_sensor(first, step, lag))


@pytest.mark.parametrize("name", promised(random.Random(0)))
def test_blocks_are_as_small_as_promised(name: str) -> None:
    frame, entropy, spare = promised(random.Random(20261122))[name]

    size = len(codec.encode(frame)) / sum(map(len, frame.values()))

    assert size <= entropy + spare


def test_a_few_odd_values_do_not_make_a_block_large() -> None:
    frame, _, _ = promised(random.Random(5))["walk every 15 min, exact"]
    (column, series), *_ = frame.items()
    odd = Series(
        series.timestamps, [-0.0 if row % 500 == 0 else v for row, v in enumerate(series.values)], series.versions
    )

    assert len(codec.encode({column: odd})) < 1.2 * len(codec.encode(frame))
    assert exact(codec.decode(codec.encode({column: odd}))) == exact({column: odd})


def test_importing_the_codec_loads_no_numpy() -> None:
    code = "import sys, whimbrel.domain.codec; assert not {'numpy', 'pydantic', 'boto3'} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "layers/core/python"})


def test_blocks_are_read_where_numpy_is_not_installed() -> None:
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "from whimbrel.domain import codec\n"
        "from whimbrel.domain.series import *\n"
        "assert not codec.vectorise()\n"
        f"frame = {{Column('{sensor_id(1)}', ValueType.DOUBLE): Series([*range(999)], [0.1] * 999, [7] * 999)}}\n"
        "assert codec.decode(codec.encode(frame)) == frame\n"
    )

    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "layers/core/python"})
