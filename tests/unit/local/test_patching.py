"""A name that is gone from the emulator is a clear refusal at start, not a surprise later."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.hosting import exception_name
from infra.local.patching import MADE_FOR, replace


def test_a_missing_name_says_which_version_was_meant() -> None:
    module: Any = SimpleNamespace(__name__="ministack.services.sqs", known=1)

    with pytest.raises(SystemExit, match=rf"ministack .* has no ministack.services.sqs.gone.*{MADE_FOR}"):
        replace(module, "gone", lambda original: original)


def test_a_replacement_is_put_around_the_original() -> None:
    module: Any = SimpleNamespace(__name__="module", known=lambda: 1)

    replace(module, "known", lambda original: lambda: original() + 1)

    assert module.known() == 2


@pytest.mark.parametrize(
    ("trace", "name"),
    [
        ("Traceback (most recent call last):\n  File ...\nKeyError: 'a'", "KeyError"),
        ("whimbrel.store.registry.StaleVersion: it is\nof two lines", "StaleVersion"),
        ("functions.authorizer.Unauthorized", "Unauthorized"),
        ("", "Runtime.HandlerError"),
    ],
)
def test_an_error_is_named_by_the_end_of_its_traceback(trace: str, name: str) -> None:
    assert exception_name(trace) == name
