"""What a compiled profile makes of the values of its fields."""

from __future__ import annotations

import sys
from subprocess import run
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.profile_rules import FieldRule, compile_fields
from whimbrel.domain.readings import Reason, Refused
from whimbrel.domain.series import ValueType


def rule(**field: Any) -> FieldRule:
    document = {"key": "weather", "fields": [{"key": "x", "required": False, "writable": False, **field}]}
    return compile_fields(document)["x"]


def refusal(of: FieldRule, value: object) -> Refused:
    with pytest.raises(Refused) as caught:
        of.readings(value)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("DOUBLE", 3, 3.0),
        ("DOUBLE", 3.5, 3.5),
        ("BIGINT", 2**63 - 1, 2**63 - 1),
        ("BIGINT", 3.0, 3),
        ("BOOLEAN", True, True),
        ("TEXT", "", ""),
    ],
    ids=["integer", "double", "bigint", "whole", "boolean", "text"],
)
def test_a_field_becomes_one_sensor_of_its_type(kind: str, value: Any, stored: Any) -> None:
    [(key, value_type, got)] = rule(type=kind).readings(value)

    assert (key, value_type, got, type(got)) == ("x", ValueType(kind), stored, type(stored))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("DOUBLE", "3"),
        ("DOUBLE", True),
        ("DOUBLE", None),
        ("BIGINT", 3.5),
        ("BOOLEAN", 1),
        ("TEXT", 1),
        ("ENUM", 1),
        ("DOUBLE", [1]),
        ("ARRAY", 1),
        ("ARRAY", "ab"),
        ("ARRAY", {"0": 1}),
        ("ARRAY", ["a"]),
        ("ARRAY", [None]),
        ("ARRAY", [[1]]),
    ],
    ids=str,
)
def test_another_type_is_refused_by_name(kind: str, value: object) -> None:
    of = rule(type=kind, options=["on", "off"], items={"type": "DOUBLE", "minItems": 1, "maxItems": 2})

    refused = refusal(of, value)

    assert refused.reason is Reason.TYPE_MISMATCH
    assert refused.detail


def test_an_enum_is_text_and_one_of_its_options() -> None:
    of = rule(type="ENUM", options=["on", "off"])

    assert of.readings("on") == [("x", ValueType.TEXT, "on")]
    assert refusal(of, "On").reason is Reason.OUT_OF_RANGE
    assert "off, on" in refusal(of, "On").detail


@given(low=st.integers(-1000, 1000), width=st.integers(0, 1000), value=st.integers(-3000, 3000))
def test_both_ends_of_a_range_belong_to_it(low: int, width: int, value: int) -> None:
    of = rule(type="BIGINT", min=low, max=low + width)

    if low <= value <= low + width:
        assert of.readings(value) == [("x", ValueType.BIGINT, value)]
    else:
        assert refusal(of, value).reason is Reason.OUT_OF_RANGE


def test_a_range_may_be_open_at_either_end() -> None:
    assert rule(type="DOUBLE", min=0).readings(1e300)
    assert rule(type="DOUBLE", max=0).readings(-1e300)
    assert refusal(rule(type="DOUBLE", min=0), -1e-300).reason is Reason.OUT_OF_RANGE


@given(values=st.lists(st.floats(0, 1), max_size=8), low=st.integers(0, 4), more=st.integers(0, 4))
def test_an_array_becomes_a_sensor_for_each_item(values: list[float], low: int, more: int) -> None:
    of = rule(type="ARRAY", items={"type": "DOUBLE", "minItems": low, "maxItems": low + more})

    if low <= len(values) <= low + more:
        assert of.readings(values) == [(f"x.{at}", ValueType.DOUBLE, value) for at, value in enumerate(values)]
    else:
        assert refusal(of, values).reason is Reason.ARRAY_SIZE


def test_the_range_of_an_array_is_that_of_each_item() -> None:
    of = rule(type="ARRAY", min=0, max=1, items={"type": "DOUBLE", "minItems": 0, "maxItems": 3})

    assert len(of.readings([0, 1])) == 2
    refused = refusal(of, [0, 1.5])
    assert refused.reason is Reason.OUT_OF_RANGE
    assert "x.1" in refused.detail


def test_a_rule_tells_what_else_ingestion_needs() -> None:
    of = rule(type="DOUBLE", unit="Cel", required=True)

    assert (of.required, of.unit) == (True, "Cel")
    assert rule(type="DOUBLE").unit is None


def test_ingestion_can_compile_profiles_without_pydantic() -> None:
    code = "import sys, whimbrel.domain.profile_rules; sys.exit('pydantic' in sys.modules or 'boto3' in sys.modules)"
    environment = {"PYTHONPATH": "layers/core/python"}

    assert run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
