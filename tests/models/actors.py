"""Operations that run one AWS call at a time, each when the test says so and with the luck that the test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from tests.models.dynamodb import DynamoDB, Exceptions, refusal

PATIENCE_S = 10


class Crash(BaseException):
    """The process ends here; nothing catches it."""


class Luck(Enum):
    """What becomes of a call."""

    GOOD = auto()
    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()
    TWICE = auto()
    """The first answer is lost, and the SDK tries again."""
    REFUSED = auto()
    PARTLY = auto()
    """Of a batch, the last item is not processed."""


class Actor:
    """An operation that stops before each of its AWS calls, and goes on when it is told to.

    It is a thread from its first step on; one that is run to its end at once needs none.
    """

    def __init__(self, client: DynamoDB, operation: Callable[[Any], Any]) -> None:
        self._client = client
        self._may_go = threading.Semaphore(0)
        self._has_stopped = threading.Semaphore(0)
        self._luck = Luck.GOOD
        self.pending = ""
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._operation = operation
        self._has_begun = False

    def step(self, luck: Luck = Luck.GOOD) -> None:
        """Let the pending call happen, and run to the next one or to the end."""
        self._begin()
        if self.is_done:
            return
        self._luck = luck
        self._may_go.release()
        self._wait()

    def finish(self) -> None:
        """Run to the end, every call having good luck."""
        if not self._has_begun:
            self._has_begun = True
            self._run(self._client)
        for _ in range(10_000):
            if self.is_done:
                return
            self.step()
        raise AssertionError("an operation does not end")

    def run_until(self, name: str) -> None:
        """Run until a call of that name is pending, or to the end."""
        self._begin()
        while not self.is_done and self.pending != name:
            self.step()

    def crash(self) -> None:
        self.step(Luck.CRASH_BEFORE)
        assert self.is_done, "something caught a crash"

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            threading.Thread(target=self._run, args=(Stepped(self),), daemon=True).start()
            self._wait()

    def _wait(self) -> None:
        assert self._has_stopped.acquire(timeout=PATIENCE_S), "an operation hangs"

    def _run(self, client: Any) -> None:
        try:
            self.result = self._operation(client)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the test has to see it)
            self.error = error
        self.is_done = True
        self._has_stopped.release()

    def call(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Make a call as the test wants it to go: runs in the actor's thread."""
        self.pending = name
        self._has_stopped.release()
        self._may_go.acquire()
        luck = self._luck
        perform = getattr(self._client, name)
        if luck is Luck.CRASH_BEFORE:
            raise Crash
        if luck is Luck.REFUSED:
            raise refusal(name, "ProvisionedThroughputExceededException", "later, please")
        if luck is Luck.PARTLY and name == "batch_write_item":
            (table, items), *_ = request["RequestItems"].items()
            if items[:-1]:
                perform(RequestItems={table: items[:-1]})
            return {"UnprocessedItems": {table: items[-1:]}}
        if luck is Luck.TWICE:
            perform(**request)
        answer = perform(**request)
        if luck is Luck.CRASH_AFTER:
            raise Crash
        return answer


class Stepped:
    """The client that an actor's operation is given."""

    exceptions = Exceptions

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        return lambda **request: self._actor.call(name, request)
