"""What tests see of the calls to AWS, whichever client makes them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from botocore.client import BaseClient

Call = Callable[[str, dict[str, Any]], None]


def nothing(_operation: str, _params: dict[str, Any]) -> None:
    """Take no notice."""


@contextmanager
def watched(before: Call = nothing, after: Call = nothing) -> Generator[None]:
    """Tell *before* and *after* of each call, as operation and parameters; what they raise is the caller's."""
    any_client: Any = BaseClient
    call = any_client._make_api_call

    def make(self: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        before(operation, params)
        answer = call(self, operation, params)
        after(operation, params)
        return answer

    any_client._make_api_call = make
    try:
        yield
    finally:
        any_client._make_api_call = call
