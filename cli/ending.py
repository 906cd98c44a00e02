"""How a command ends: exit codes, and what is said of a refusal."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

SERVER_ERROR = 500


class Code(IntEnum):
    """What the shell is told. 130 is for what was interrupted."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    UNAVAILABLE = 5


class Ending(Exception):
    """A command that cannot go on: what to say on stderr, line by line, and with which code to end."""

    def __init__(self, code: Code, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.code = code
        self.lines = lines


BY_STATUS = {
    401: Code.NOT_ALLOWED,
    403: Code.NOT_ALLOWED,
    404: Code.NOT_FOUND,
    429: Code.UNAVAILABLE,
}


def refusal(response: httpx.Response) -> Ending:
    """Return how to end after *response*, which is no 2xx: what the problem says, and what may help."""
    status = response.status_code
    code = Code.UNAVAILABLE if status >= SERVER_ERROR else BY_STATUS.get(status, Code.REFUSED)
    try:
        problem = response.json()
        lines = [f"{problem['title']}: {problem['detail']}"]
    except (ValueError, KeyError, TypeError):
        return Ending(code, f"The answer was {status}, and no problem of the API's. Is the host right?")
    lines += [f"  {_option(each['field'])}: {each['message']}" for each in problem.get("errors", ())]
    lines += _hints(response, problem)
    lines.append(f"{problem.get('code', status)}, request {problem.get('requestId', 'unknown')}")
    return Ending(code, *lines)


def _option(field: str) -> str:
    """Return the option that a field's path belongs to, and the rest of the path."""
    name, rest = re.fullmatch(r"([A-Za-z0-9_-]*)(.*)", field, re.DOTALL).groups()  # pyright: ignore[reportOptionalMemberAccess]
    if not name:
        return field or "the body"
    return f"--{kebab(name)}" + (f" ({field})" if rest else "")


def _hints(response: httpx.Response, problem: dict[str, Any]) -> list[str]:
    status = response.status_code
    if status == 401:  # noqa: PLR2004
        return ["Log in with `whimbrel login`, or set WHIMBREL_API_KEY."]
    if scope := problem.get("requiredScope"):
        return [f"`whimbrel me get` tells what this key may do; a key with {scope} may do this."]
    if (wait := response.headers.get("Retry-After")) is not None:
        return [f"Try again in {wait} s."]
    if status == 412:  # noqa: PLR2004
        return ["Somebody changed it meanwhile: `get --verbose` tells its ETag, for --if-match."]
    return []


def kebab(name: str) -> str:
    """Return a name of Python's or of the API's as an option has it: ``device_id`` and ``deviceId`` as device-id."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).strip("_").replace("_", "-").lower()
