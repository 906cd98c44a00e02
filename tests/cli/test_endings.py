"""How commands end: what is said, with which code; what is tried again; and that no key is ever told."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli import profiles
from cli.app import Root, app
from cli.ending import Code
from cli.session import ATTEMPTS, NOT_SENT, Retrying
from tests.cli.conftest import HOST, Terminal

UNKNOWN = "019bb77c-e000-7bfd-8f53-4284ae410328"
BROKEN = httpx.ReadError("the connection broke")


def test_a_refused_field_is_told_by_its_option(terminal: Terminal) -> None:
    result = terminal.run("sites", "create", "--name", "x" * 200, "--location", '{"lat": 100, "lng": 0}', code=1)

    assert result.stdout == ""
    assert "--name: " in result.stderr
    assert "--location (location.lat" in result.stderr
    assert "invalid-request, request " in result.stderr


def test_an_unknown_key_leads_to_login(terminal: Terminal) -> None:
    result = terminal.run("me", "get", code=3, WHIMBREL_API_KEY="sk_live_nonsense")

    assert "whimbrel login" in result.stderr
    assert "nonsense" not in result.output


def test_a_missing_scope_is_named(terminal: Terminal, scoped: Callable[..., Any]) -> None:
    result = terminal.run("devices", "list", code=3, WHIMBREL_API_KEY=scoped("readings:read").token)

    assert "devices:read" in result.stderr


def test_a_stale_version_leads_to_if_match(terminal: Terminal) -> None:
    made = terminal.json("sites", "create", "--name", "Roof")

    update = ("sites", "update", made["id"], "--name", "Cellar", "--if-match")
    assert "--if-match" in terminal.run(*update, '"0"', code=1).stderr
    assert terminal.json("sites", "get", made["id"])["name"] == "Roof"
    etag = terminal.run("sites", "get", made["id"], "--verbose").stderr.partition("ETag ")[2].strip()
    assert terminal.json(*update, etag)["name"] == "Cellar"


@pytest.mark.parametrize(
    ("status", "code"), [(400, 1), (401, 3), (402, 1), (403, 3), (404, 4), (409, 1), (410, 1), (422, 1), (500, 5)]
)
def test_every_status_has_its_code(terminal: Terminal, refusing: Callable[..., None], status: int, code: int) -> None:
    refusing(status)

    result = terminal.run("me", "get", code=code)
    assert "Not now: Later." in result.stderr
    assert "request r-1" in result.stderr
    assert terminal.pauses == []


@pytest.mark.parametrize("status", [429, 503])
def test_what_passes_is_waited_for_and_no_longer_than_can_be_borne(
    terminal: Terminal, refusing: Callable[..., None], status: int
) -> None:
    refusing(status, status, Retry_After="7")
    terminal.run("me", "get")
    assert terminal.pauses == [7, 7]

    refusing(*[status] * ATTEMPTS, Retry_After="1")
    assert "Try again in 1 s." in terminal.run("me", "get", code=5).stderr

    before = len(terminal.pauses)
    refusing(status, Retry_After="3600")
    assert "Try again in 3600 s." in terminal.run("me", "get", code=5).stderr
    assert len(terminal.pauses) == before


def test_a_lost_answer_makes_nothing_twice(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = terminal.bridge.handle_request

    def losing(request: httpx.Request) -> httpx.Response:
        answer = handle(request)
        if request.method == "POST" and len(terminal.bridge.requests) < 3:
            raise BROKEN
        return answer

    monkeypatch.setattr(terminal.bridge, "handle_request", losing)
    made = terminal.json("sites", "create", "--name", "Roof")

    keys = {request.headers["Idempotency-Key"] for request in terminal.bridge.requests}
    assert (len(terminal.bridge.requests), len(keys)) == (3, 1)
    assert [site["id"] for site in terminal.json("sites", "list")] == [made["id"]]


def test_the_key_of_a_repeat_can_be_given(terminal: Terminal) -> None:
    words = ("sites", "create", "--name", "Roof", "--idempotency-key", "spring")

    assert terminal.json(*words) == terminal.json(*words)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    named=st.booleans(),
    conditional=st.booleans(),
    faults=st.lists(st.sampled_from([*NOT_SENT, httpx.ReadError, httpx.ReadTimeout, 429, 503, 500, 200]), max_size=6),
)
def test_only_what_does_no_harm_is_sent_again(
    *, method: str, named: bool, conditional: bool, faults: list[Any]
) -> None:
    headers = {"Idempotency-Key": "k"} if named else {}
    headers |= {"If-Match": "e"} if conditional else {}
    waiting, seen = iter(faults), list[Any]()

    def answer(_: httpx.Request) -> httpx.Response:
        seen.append(next(waiting, 200))
        if isinstance(seen[-1], int):
            return httpx.Response(seen[-1])
        raise seen[-1]("fault")

    client = httpx.Client(transport=Retrying(httpx.MockTransport(answer), pause=lambda _: None))
    with suppress(httpx.TransportError):
        client.request(method, HOST, headers=headers)

    assert len(seen) <= ATTEMPTS
    harmless = named if method == "POST" else not conditional
    for fault in seen[:-1]:
        assert fault in (429, 503, *NOT_SENT) or (harmless and fault in (httpx.ReadError, httpx.ReadTimeout))
    if len(seen) < ATTEMPTS:
        assert seen[-1] in (200, 500) or (not harmless and seen[-1] not in (429, 503, *NOT_SENT))


def test_a_host_that_is_not_there_is_unavailable(terminal: Terminal, refusing: Callable[..., None]) -> None:
    refusing(*[httpx.ConnectError("refused")] * ATTEMPTS)

    assert f"{HOST} cannot be reached" in terminal.run("me", "get", code=5).stderr


def test_what_is_no_problem_of_ours_asks_whether_the_host_is_right(terminal: Terminal) -> None:
    terminal.bridge.unless = lambda _: httpx.Response(404, text="<html>")

    assert "Is the host right?" in terminal.run("me", "get", code=4).stderr


def test_interruption_is_told_as_such(terminal: Terminal) -> None:
    def interrupt(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    terminal.bridge.unless = interrupt
    terminal.run("me", "get", code=130)


def test_verbose_says_what_is_called_and_never_the_key(terminal: Terminal) -> None:
    said = terminal.run("devices", "list", "--tag", "a b", "--verbose").stderr

    assert "GET /api/v1/devices?tag=a+b" in said or "GET /api/v1/devices?tag=a%20b" in said
    assert "→ 200" in said


# Login


def invoke(*words: str, code: int = 0, **options: Any) -> Any:
    result = CliRunner().invoke(app, [*words], **options)
    assert result.exit_code == code, result.output
    return result


def test_a_key_is_checked_kept_for_its_owner_only_used_and_forgotten(terminal: Terminal, home: Path) -> None:
    assert "whimbrel login" in invoke("me", "get", code=3).stderr
    assert terminal.key not in invoke("login", "--key", "-", "--host", f"{HOST}/api/", input=terminal.key + "\n").output

    (file,) = home.rglob("profiles.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"default": {"host": HOST, "key": terminal.key}}
    assert terminal.key not in repr(profiles.read())
    assert json.loads(invoke("me", "get", "--json").stdout)["kind"] == "API_KEY"
    invoke("logout")
    assert profiles.read() == {}
    invoke("logout", code=2)


def test_the_prompt_does_not_echo(terminal: Terminal) -> None:
    result = invoke("login", "--host", HOST, input=terminal.key + "\n")

    assert terminal.key not in result.output
    assert profiles.read()["default"].key == terminal.key


def test_a_bad_key_is_not_kept(terminal: Terminal) -> None:
    invoke("login", "--key", "-", "--host", HOST, input="sk_live_nonsense\n", code=3)
    invoke("login", "--key", "-", "--host", HOST, input="\n", code=2)
    invoke("login", "--key", terminal.key, "--host", HOST, code=2)

    assert profiles.read() == {}


def test_profiles_are_apart_and_the_environment_wins(terminal: Terminal, other: Any) -> None:
    invoke("login", "--key", "-", "--host", HOST, input=terminal.key)
    invoke("login", "--key", "-", "--host", HOST, "--profile", "other", input=other.token)

    def organization(*words: str, **environment: str) -> str:
        return json.loads(invoke("me", "get", "--json", *words, env=environment).stdout)["organization"]["name"]

    assert organization() == "Acme"
    assert organization("--profile", "other") == "Umbrella"
    assert organization(WHIMBREL_PROFILE="other") == "Umbrella"
    assert organization(WHIMBREL_API_KEY=other.token) == "Umbrella"
    assert "goes nowhere else" in invoke("me", "get", "--host", "https://elsewhere.test", code=2).stderr


def test_a_broken_file_is_told(terminal: Terminal) -> None:
    profiles.file().parent.mkdir(parents=True)
    for text in ("{", "[]", '{"default": {}}', '{"default": 1}'):
        profiles.file().write_text(text)
        assert "is broken" in invoke("me", "get", code=2).stderr


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("iot.example.org", "https://iot.example.org"),
        ("https://iot.example.org/api/v1/", "https://iot.example.org"),
        ("https://iot.example.org/stage/api", "https://iot.example.org/stage"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_hosts_are_written_in_one_way(given: str, host: str) -> None:
    assert profiles.normal(given) == host


def test_codes_and_commands_are_as_documented() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    root = Root()

    assert {code for code in range(10) if f"| {code} |" in documented} == set(Code)
    wanted = [
        f"| `{noun}` | {', '.join(sorted(getattr(root.get_command(None, noun), 'verbs', ())))} |"
        for noun in root.list_commands(None)
    ]
    assert documented.partition("| noun | verbs |\n| --- | --- |\n")[2].splitlines() == wanted
