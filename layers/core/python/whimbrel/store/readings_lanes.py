"""The lanes of one tenant's log: which device writes to which, how far each is in blocks, and what its numbers mean.

A lane is shared by many devices, so that what arrives together is one write; and an organization has as many as its
traffic fills, so that a reader need not read much of others. Keys in the log's table, the organization in
front::

    pk                      sk                what
    L#<org>#lanes           lanes             epochs (L of S: since,lanes), marks (M: lane → N)
    L#<org>#names#<lane>    <first number>    names (B): what the numbers in the lane's segments mean, never changed

The number of lanes only grows. A writer may know of a growth too late, but puts nothing later than `_USABLE_MS` after
he looked; until `_GRACE_MS` after it, and for as long as the old lane is not compacted beyond that, readers look into
both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, inf
from typing import Any, Self
from weakref import WeakKeyDictionary

from whimbrel.domain.octets import Allowance, Reader, Writer
from whimbrel.store.queries import queried

LAG_MS = 120_000
OVERLAP_MS = 60_000
"""How far before the mark a reader looks again: slack for clocks."""

_FRESH_MS = 60_000
_USABLE_MS = 180_000
_GRACE_MS = 300_000
_REST_MS = 600_000
"""Between two growths: the effect of one has to show before the next."""
_MOST_LANES = 256
_ATTEMPTS = 12
_MOST_NAMES_OCTETS = 300_000


class NotNamed(Exception):
    """Others kept giving numbers in a lane; nothing is lost, what had to be stored has to be sent again."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """From when on there are so many lanes."""

    since_ms: int
    lanes: int

    def lane_of(self, device_id: str) -> str:
        """Return the lane that a device writes to."""
        return str(int(device_id[-8:], 16) % self.lanes)


@dataclass(frozen=True, slots=True)
class Lanes:
    """What readers, writers and compactors must know before they look at anything else."""

    epochs: tuple[Epoch, ...]
    marks: Mapping[str, int]
    """Of each lane: every segment with an earlier key is in blocks."""

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self:
        """Return what the item says."""
        epochs = (text["S"].split(",") for text in item["epochs"]["L"])
        return cls(
            tuple(Epoch(int(since), int(lanes)) for since, lanes in epochs),
            {lane: int(mark["N"]) for lane, mark in item["marks"]["M"].items()},
        )

    def lane_of(self, device_id: str) -> str:
        """Return the lane that a device writes to now."""
        return self.epochs[-1].lane_of(device_id)

    def to_look_at(self, device_id: str) -> dict[str, int]:
        """Return the lanes that may hold readings of a device that are not in blocks, with their marks."""
        ends = [*(after.since_ms + _GRACE_MS for _, after in pairwise(self.epochs)), inf]
        found = ((epoch.lane_of(device_id), end) for epoch, end in zip(self.epochs, ends, strict=True))
        return {lane: self.marks[lane] for lane, end in found if self.marks[lane] - OVERLAP_MS < end}


class LaneStore:
    """The lanes of one organization, as they are stored."""

    def __init__(self, client: Any, table: str, organization_id: str, clock: Callable[[], int]) -> None:
        self._client = client
        self._table = table
        self._organization_id = organization_id
        self._clock = clock
        self._opened: tuple[int, Lanes] | None = None

    def open(self) -> tuple[Lanes, int]:
        """Return the lanes for a writer, a little old perhaps, and until when he may put segments into them.

        The first writer of an organization makes them.
        """
        now = self._clock()
        if self._opened is None or now >= self._opened[0] + _FRESH_MS:
            self._opened = now, self.find() or self._create(now)
        return self._opened[1], self._opened[0] + _USABLE_MS

    def find(self) -> Lanes | None:
        """Return the lanes as they are; None: nothing was ever written."""
        item = self._client.get_item(TableName=self._table, Key=self._key(), ConsistentRead=True).get("Item")
        return Lanes.parse(item) if item else None

    def move_mark(self, lane: str, to_ms: int) -> None:
        """Say that every segment of a lane before *to_ms* is in blocks; never backwards."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):  # another compactor came further
            self._client.update_item(
                TableName=self._table,
                Key=self._key(),
                UpdateExpression="SET marks.#lane = :to",
                ConditionExpression="marks.#lane < :to",
                ExpressionAttributeNames={"#lane": lane},
                ExpressionAttributeValues={":to": {"N": str(to_ms)}},
            )

    def grow(self, known: Lanes, factor: float) -> None:
        """Have *factor* times as many lanes, rounded up, unless somebody did so a moment ago."""
        now, last = self._clock(), known.epochs[-1]
        wanted = min(ceil(last.lanes * factor), _MOST_LANES)
        if now < last.since_ms + _REST_MS or wanted <= last.lanes:
            return
        fresh = range(last.lanes, wanted)
        names = {f"#{lane}": str(lane) for lane in fresh}
        marks = "".join(f", marks.{name} = :mark" for name in names)
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key=self._key(),
                UpdateExpression=f"SET epochs = :new{marks}",
                ConditionExpression="epochs = :old",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    ":old": _written(known.epochs),
                    ":new": _written((*known.epochs, Epoch(now, wanted))),
                    ":mark": {"N": str(now - LAG_MS)},
                },
            )

    def directory(self, lane: str) -> Directory:
        """Return what the numbers in the segments of a lane mean."""
        return Directory(self._client, self._table, self.names_partition(lane))

    def names_partition(self, lane: str) -> str:
        """Return where the names of a lane are."""
        return f"L#{self._organization_id}#names#{lane}"

    @property
    def partition(self) -> str:
        """Where the lanes are listed."""
        return f"L#{self._organization_id}#lanes"

    def _create(self, now: int) -> Lanes:
        made = Lanes((Epoch(now, 1),), {"0": now - LAG_MS})
        item = {
            **self._key(),
            "epochs": _written(made.epochs),
            "marks": {"M": {lane: {"N": str(mark)} for lane, mark in made.marks.items()}},
        }
        with suppress(self._client.exceptions.ConditionalCheckFailedException):  # somebody else may be faster
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        return made

    def _key(self) -> dict[str, dict[str, str]]:
        return {"pk": {"S": self.partition}, "sk": {"S": "lanes"}}


@dataclass(slots=True)
class _Known:
    """Names in the order of their numbers, and back."""

    names: list[bytes] = field(default_factory=list[bytes])
    numbers: dict[bytes, int] = field(default_factory=dict[bytes, int])

    def learn(self, first: int, names: list[bytes]) -> None:
        if first == len(self.names):
            self.numbers |= {name: first + place for place, name in enumerate(names)}
            self.names += names


_KNOWN: WeakKeyDictionary[Any, dict[tuple[str, str], _Known]] = WeakKeyDictionary()
"""By client: names never change, so a process reads each only once."""


class Directory:
    """The directory of a lane (`whimbrel.domain.segments.Directory`)."""

    def __init__(self, client: Any, table: str, partition: str) -> None:
        self._client = client
        self._table = table
        self._partition = partition
        self._known = _KNOWN.setdefault(client, {}).setdefault((table, partition), _Known())

    def numbers(self, names: Collection[bytes]) -> Mapping[bytes, int]:
        """Return the number of each of *names*; those that have none get one.

        Raises:
            NotNamed: others were faster every time.
        """
        for _ in range(_ATTEMPTS):
            missing = sorted(name for name in names if name not in self._known.numbers)
            if not missing:
                return self._known.numbers
            if not self._load():
                self._add(missing)
        raise NotNamed(self._partition)

    def name(self, number: int) -> bytes:
        """Return the name of a number that was once given.

        Raises:
            LookupError: it never was.
        """
        if number >= len(self._known.names):
            self._load()
        return self._known.names[number]

    def _load(self) -> bool:
        """Learn what others added; tell whether that was anything."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :start AND :end",
            "ExpressionAttributeValues": {
                ":pk": {"S": self._partition},
                ":start": {"S": f"{len(self._known.names):08d}"},
                ":end": {"S": "~"},
            },
            "ConsistentRead": True,
        }
        before = len(self._known.names)
        for item in queried(self._client, request):
            self._known.learn(int(item["sk"]["S"]), _unpacked(item["names"]["B"]))
        return len(self._known.names) > before

    def _add(self, names: list[bytes]) -> None:
        """Give numbers to *names*, or to as many as fit in an item, unless somebody else just gave these numbers."""
        to = Writer(Allowance(0))
        given: list[bytes] = []
        for name in names:
            if len(to.content) + len(name) > _MOST_NAMES_OCTETS:
                break
            to.sized(name)
            given.append(name)
        first = len(self._known.names)
        item = {"pk": {"S": self._partition}, "sk": {"S": f"{first:08d}"}, "names": {"B": bytes(to.content)}}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
            self._known.learn(first, given)


def _unpacked(content: bytes) -> list[bytes]:
    source = Reader(memoryview(content), Allowance(0))
    names: list[bytes] = []
    while not source.is_at_end:
        names.append(bytes(source.raw(source.unsigned())))
    return names


def _written(epochs: tuple[Epoch, ...]) -> dict[str, Any]:
    return {"L": [{"S": f"{epoch.since_ms},{epoch.lanes}"} for epoch in epochs]}
