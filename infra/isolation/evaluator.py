"""Whether policies let a request through, by the rules that AWS documents for IAM.

It knows what our policies use. What it does not know never widens anything: an ``Allow`` that cannot be decided does
not apply, a ``Deny`` that cannot be decided is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | tuple[str, ...]]
"""Condition keys in lower case, and their values: a tuple where the key has several."""
Statement = Mapping[str, Any]


class Decision(Enum):
    """What came of a request."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed by any statement"


class Undecidable(Exception):
    """A statement says something that this evaluator does not know."""


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that somebody wants to do."""

    action: str
    resource: str
    context: Context = field(default_factory=dict[str, str | tuple[str, ...]])

    def with_context(self, more: Context) -> Request:
        """Return the request with *more* in its context."""
        return Request(self.action, self.resource, {**self.context, **more})


def judge(statements: Iterable[Statement], request: Request) -> Decision:
    """Return what *statements*, which have been through ``check``, decide about *request*.

    Those of a role's trust policy have no resource.

    Raises:
        Undecidable: a ``Deny`` cannot be decided.
    """
    decision = Decision.NOT_ALLOWED
    for statement in statements:
        match statement["Effect"]:
            case "Deny":
                if _applies(statement, request):
                    return Decision.DENIED
            case "Allow":
                if decision is Decision.NOT_ALLOWED:
                    with suppress(Undecidable):
                        decision = Decision.ALLOWED if _applies(statement, request) else decision
            case effect:
                raise Undecidable(f"effect {effect}")
    return decision


def trusts(statements: Iterable[Statement], role_arn: str, request: Request) -> bool:
    """Return whether a trust policy lets the role *role_arn* do what *request* asks."""
    return judge((each for each in statements if _names(each["Principal"], role_arn)), request) is Decision.ALLOWED


def _names(principal: Any, role_arn: str) -> bool:
    if principal == "*":
        return True
    account = ":".join(role_arn.split(":")[:5])
    whom = {"*", role_arn, f"{account}:root", account.rpartition(":")[2]}
    return not whom.isdisjoint(listed(principal.get("AWS", [])))


def check(statement: Statement) -> None:
    """Refuse a statement with elements that no policy of ours has.

    Raises:
        Undecidable: an element is not known here.
    """
    if unknown := statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}:
        raise Undecidable(f"elements {sorted(unknown)}")


def listed(value: Any) -> list[Any]:
    """Return *value* as the list that policies shorten when it has one member."""
    return value if isinstance(value, list) else [value]


def _applies(statement: Statement, request: Request) -> bool:
    if not any(_is_action(pattern, request.action) for pattern in listed(statement["Action"])):
        return False
    if statement["Effect"] == "Deny":
        for name in _VARIABLE.findall(json.dumps(statement)):
            if _value_of(name, request.context) is None:
                raise Undecidable(f"a Deny whose variable {name} has no value")
    return (
        "Resource" not in statement
        or any(_like(pattern, request.resource, request.context) for pattern in listed(statement["Resource"]))
    ) and all(
        _holds(operator, key.lower(), listed(expected), request.context)
        for operator, keys in statement.get("Condition", {}).items()
        for key, expected in keys.items()
    )


Compared = bool | None
"""None if nobody can tell, because a variable has no value: then it neither matches nor differs."""


def _equals(pattern: str, value: str, context: Context) -> Compared:
    pieces = _pieces(pattern, context)
    # Nothing but variables means anything here: a wildcard is a letter.
    return None if pieces is None else "".join(text for text, _ in pieces) == value


def _like(pattern: str, value: str, context: Context) -> Compared:
    if "${" not in pattern:
        return _matches(pattern, value)
    pieces = _pieces(pattern, context)
    if pieces is None:
        return None
    regex = "".join(_regex(text) if wild else re.escape(text) for text, wild in pieces)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def _arn_like(pattern: str, value: str, context: Context) -> Compared:
    # Each of the six parts by itself: a wildcard reaches over no colon but those of the last.
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) == 6 and all(  # noqa: PLR2004 (the parts of an ARN)
        _like(part, given, context) for part, given in zip(patterns, values, strict=True)
    )


def _bool(pattern: str, value: str, context: Context) -> Compared:
    return value.lower() in {"true", "false"} and _equals(pattern.lower(), value.lower(), context)


OPERATORS: dict[str, tuple[Callable[[str, str, Context], Compared], bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "Bool": (_bool, False),
}
"""How each compares, and whether it wants none to match instead of one."""


def _holds(operator: str, key: str, expected: list[str], context: Context) -> bool:
    actual = context.get(key)
    if operator == "Null":
        return any(value.lower() == ("false" if key in context else "true") for value in expected)
    name = operator.removesuffix("IfExists")
    quantifier, _, name = name.rpartition(":")
    if name not in OPERATORS or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise Undecidable(f"operator {operator}")
    compare, negated = OPERATORS[name]

    def fits(value: str) -> bool:
        compared = [compare(pattern, value, context) for pattern in expected]
        return all(one is False for one in compared) if negated else any(compared)

    if actual is None:
        return operator.endswith("IfExists") or (negated if not quantifier else quantifier == "ForAllValues")
    if quantifier == "ForAllValues":
        return all(fits(value) for value in listed_values(actual))
    if quantifier == "ForAnyValue":
        return any(fits(value) for value in listed_values(actual))
    if isinstance(actual, tuple):
        raise Undecidable(f"{operator} of {key}, which has several values")
    return fits(actual)


def listed_values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of a key that may have one or several."""
    return value if isinstance(value, tuple) else (value,)


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _pieces(pattern: str, context: Context) -> list[tuple[str, bool]] | None:
    """Return *pattern* in pieces, and of each whether its wildcards are wildcards: those of a value are letters.

    None if a variable has no value.
    """
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _VARIABLE.finditer(pattern):
        value = _value_of(found[1], context)
        if value is None:
            return None
        pieces += [(pattern[end : found.start()], True), (value, False)]
        end = found.end()
    return [*pieces, (pattern[end:], True)]


def _value_of(variable: str, context: Context) -> str | None:
    """Return what *variable* stands for; an empty value, and one of several, is none."""
    value = variable if variable in {"*", "?", "$"} else context.get(variable.strip().lower())
    return value if value and isinstance(value, str) else None


@lru_cache(4096)
def _is_action(pattern: str, action: str) -> bool:
    return _matches(pattern.lower(), action.lower())


def _matches(pattern: str, value: str) -> bool:
    return pattern == "*" or _compiled(pattern).fullmatch(value) is not None


@lru_cache(4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_regex(pattern), re.DOTALL)


def _regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
