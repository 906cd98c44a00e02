"""The readings of one tenant: appended to a log, compacted into blocks, read as the join of both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from whimbrel.domain.series import Batch, Column, Frame, Reading
from whimbrel.instants import now_ms

Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Slice:
    """What a device has in ``start_ms <= timestamp < end_ms``.

    Lists run in the order that was asked for: oldest first, or newest first. Columns without readings are left out.
    """

    start_ms: int
    end_ms: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class Compaction:
    """What one run of `ReadingStore.compact` did; if not ``finished``, run it again."""

    segments: int
    readings: int
    blocks: int
    finished: bool


class ReadingStore:
    """The readings of one organization.

    Everything acknowledged is kept exactly once, whatever the order, the repetition and the batching: see
    `whimbrel.domain.series` for the rule and the architecture decision for the protocol.
    """

    def __init__(  # noqa: PLR0913 (the outside world, each part named)
        self,
        client: Any,
        log_table: str,
        blocks_table: str,
        organization_id: str,
        *,
        request_compaction: Callable[[str], None] = lambda _lane: None,
        retention_ms: int | None = None,
        clock: Callable[[], int] = now_ms,
        sleep: Callable[[float], None] = time.sleep,
        chance: random.Random | None = None,
    ) -> None:
        """Bind the store to a tenant.

        *client* is a low-level DynamoDB client. *request_compaction* is called with a lane, after a put, with a
        probability that grows with its size. Readings older than *retention_ms* are not returned (None: kept for
        ever). *clock* tells milliseconds since 1970.
        """
        raise NotImplementedError

    def append(self, batch: Batch) -> dict[str, Exception]:
        """Store readings durably, and return the devices for which that failed, with the reason: normally none.

        *batch* is ``{device_id: {Column(sensor_id, value_type): Series}}``. When a device is not in the answer, all its
        readings are stored for good. For one that is, some may be: appending them again is harmless, if the versions
        are the same.
        """
        raise NotImplementedError

    def read(  # noqa: PLR0913
        self,
        device_id: str,
        sensor_ids: Collection[str] | None,
        start_ms: int,
        end_ms: int,
        *,
        order: Order = "asc",
        not_before: Mapping[str, int] | None = None,
    ) -> Iterator[Slice]:
        """Yield the readings in ``start_ms <= timestamp < end_ms``, slice after slice in *order*; slices do not overlap.

        *sensor_ids* None means every sensor. *not_before* hides, of a sensor, what is older (its own retention). Each
        slice is about one block. Blocks are fetched as the slices are taken: stop when you have enough, and
        go on later from the last timestamp you used (``start_ms = last + 1``, or ``end_ms = last`` when descending).
        """
        raise NotImplementedError

    def latest(self, device_id: str, sensor_ids: Collection[str] | None = None) -> dict[Column, Reading]:
        """Return the newest reading of each column; columns that have none are left out. Three requests, usually."""
        raise NotImplementedError

    def delete_range(self, device_id: str, sensor_id: str, start_ms: int, end_ms: int, version: int) -> int:
        """Delete a sensor's readings in ``start_ms <= timestamp < end_ms`` accepted up to *version*; return how many.

        They are gone at once, however late they are delivered again; blocks shrink when they are next rewritten. What is
        accepted later (a larger version) stays.
        """
        raise NotImplementedError

    def compact(self, lane: str) -> Compaction:
        """Move what is old enough in a lane's log into blocks; safe to run at any time, twice, or to kill."""
        raise NotImplementedError

    def lanes(self) -> Iterator[str]:
        """Yield the lanes of this organization whose log has not been looked at for half a day, for the daily sweep."""
        raise NotImplementedError


def organizations_with_readings(client: Any, log_table: str) -> Iterator[str]:
    """Yield every organization that ever stored a reading: where the daily sweep begins."""
    raise NotImplementedError
