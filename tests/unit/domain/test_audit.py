"""The chain of the audit log: whole as it was written, and broken by whatever is done to it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.audit import Head, chained, judged

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
contents = st.fixed_dictionaries({"id": st.uuids().map(str), "action": st.text(max_size=8), "changes": values})
logs = st.lists(contents, min_size=2, max_size=6)


def written(said: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Head]:
    """Return the entries of a log, and its head."""
    documents: list[dict[str, Any]] = []
    head = Head()
    for content in said:
        documents.append(chained(content, head.sequence + 1, head.hash))
        head = Head(documents[-1]["sequence"], documents[-1]["hash"])
    return documents, head


@given(st.lists(contents, max_size=6))
def test_what_was_written_is_whole(said: list[dict[str, Any]]) -> None:
    documents, head = written(said)

    assert judged(documents, head) == (len(said), None)


def edited(documents: list[dict[str, Any]], draw: Callable[..., Any], at: int) -> None:
    field = draw(st.sampled_from(sorted(documents[at])))
    before = documents[at][field]
    documents[at][field] = draw(values.filter(lambda value: (type(value), value) != (type(before), before)))


def stripped(documents: list[dict[str, Any]], draw: Callable[..., Any], at: int) -> None:
    del documents[at][draw(st.sampled_from(sorted(documents[at])))]


def extended(documents: list[dict[str, Any]], draw: Callable[..., Any], at: int) -> None:
    documents[at]["more"] = draw(values)


def removed(documents: list[dict[str, Any]], _: Callable[..., Any], at: int) -> None:
    del documents[at]


def inserted(documents: list[dict[str, Any]], draw: Callable[..., Any], at: int) -> None:
    # As well as can be done without changing what follows.
    before = documents[at]
    documents.insert(at, chained(draw(contents), before["sequence"], before["previousHash"]))


def swapped(documents: list[dict[str, Any]], draw: Callable[..., Any], at: int) -> None:
    other = draw(st.integers(0, len(documents) - 1).filter(lambda other: other != at))
    documents[at], documents[other] = documents[other], documents[at]


def repeated(documents: list[dict[str, Any]], _: Callable[..., Any], at: int) -> None:
    documents.insert(at, documents[at])


def appended(documents: list[dict[str, Any]], draw: Callable[..., Any], _: int) -> None:
    last = documents[-1]
    documents.append(chained(draw(contents), last["sequence"] + 1, last["hash"]))


def rewritten(documents: list[dict[str, Any]], _: Callable[..., Any], at: int) -> None:
    """Change one, and make all that follow fit: only the head tells."""
    said = [{name: d[name] for name in d if name not in {"sequence", "previousHash", "hash"}} for d in documents]
    said[at]["changes"] = {"nothing": "to see here"}
    documents[:] = written(said)[0]


HARMS = (edited, stripped, extended, removed, inserted, swapped, repeated, appended, rewritten)


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@given(logs, st.data())
def test_whatever_is_done_to_it_is_found(
    harm: Callable[..., None], said: list[dict[str, Any]], data: st.DataObject
) -> None:
    documents, head = written(said)
    harmed = copy.deepcopy(documents)

    harm(harmed, data.draw, data.draw(st.integers(0, len(documents) - 1)))

    assert judged(harmed, head).fault is not None


@given(logs)
def test_without_an_end_it_is_not_whole(said: list[dict[str, Any]]) -> None:
    documents, head = written(said)

    for length in range(len(documents)):
        assert judged(documents[:length], head).fault == f"the head says {len(said)} entries, and the log has {length}"


def test_a_seal_is_of_one_key_one_organization_one_sequence_and_one_hash() -> None:
    head = Head(12, "a" * 64)

    seals = {
        head.seal(b"key", "one"),
        head.seal(b"yek", "one"),
        head.seal(b"key", "two"),
        Head(1, "a" * 64).seal(b"key", "one"),
        Head(12, "b" * 64).seal(b"key", "one"),
    }
    assert len(seals) == 5
