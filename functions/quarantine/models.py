"""What a client may ask of readings in quarantine, and what it is told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from whimbrel.bodies import Body, Wire
from whimbrel.domain.quarantine import QuarantineFilter, QuarantineId
from whimbrel.domain.readings import Reason


class BulkBody(Body):
    """Which readings in quarantine are meant; an empty filter means all that are there now."""

    filter: QuarantineFilter


class ReplayAnswer(Wire):
    """What became of a reading that was replayed."""

    id: QuarantineId
    accepted: Annotated[bool, Field(description="It is stored at its own timestamp, and has left quarantine.")]
    reason: Annotated[Reason | None, Field(description="Why it stays, now.")] = None
    detail: str | None = None
