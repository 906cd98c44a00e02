"""What a task hands over after each piece of its work, to be noted before it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from whimbrel.domain.jobs import Job, JobError


class NotStored(Exception):
    """The readings store did not take readings; the step is to be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """How far a job has come: where to go on, and what was done since the advance before.

    ``failures`` is how many things could not be done, if ``errors`` does not tell of all; ``share`` is what is done of
    the whole, 0 to 1, where that is known.
    """

    position: dict[str, Any]
    counted: Mapping[str, int] = field(default_factory=dict[str, int])
    errors: tuple[JobError, ...] = ()
    failures: int | None = None
    share: float | None = None

    def applied(self, job: Job) -> Job:
        """Return *job* so far advanced."""
        return job.advanced(self.position, self.counted, errors=self.errors, failures=self.failures, share=self.share)
