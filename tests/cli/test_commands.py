"""What the commands do, as somebody at a terminal sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command
from typer.testing import CliRunner

from cli import calls, ending, generate, operations, output, slots
from cli.app import SPECIALS, Noun, app
from tests.cli.conftest import Terminal
from tests.conftest import Organization

DOCUMENT = json.loads((generate.ROOT / "openapi.json").read_text())
LABELS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)
UNKNOWN = "019bb77c-e000-7bfd-8f53-4284ae410328"


def of_the_main_api() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        if generate.LEFT_OUT.isdisjoint(operation["tags"])
    }


def commands() -> dict[str, Any]:
    return {
        operation.name: Noun(noun).get_command(None, verb)
        for noun, verbs in operations.operations().items()
        for verb, operation in verbs.items()
    }


def test_every_operation_is_a_command_with_every_parameter_and_field() -> None:
    wanted, found = of_the_main_api(), commands()

    assert found.keys() == wanted.keys()
    schemas = DOCUMENT["components"]["schemas"]
    for name, operation in wanted.items():
        options = {word for parameter in found[name].params for word in (*parameter.opts, parameter.name)}
        for parameter in operation.get("parameters", ()):
            said = ending.kebab(parameter["name"])
            assert {f"--{said}", "p_" + said.replace("-", "_")} & options, (name, parameter["name"])
        if "requestBody" not in operation:
            continue
        assert "--body" in options
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
        for field in body.get("properties", {}):
            assert f"--{ending.kebab(field)}" in options, (name, field)


def test_names_of_fields_are_the_apis() -> None:
    for noun, verbs in operations.operations().items():
        for operation in verbs.values():
            wire = {field.wire for field in slots.body_of(operation) or ()}
            request = of_the_main_api()[operation.name].get("requestBody")
            schema = request["content"]["application/json"]["schema"] if request else {}
            if "$ref" in schema:
                assert (
                    wire == DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"].keys()
                ), noun


def test_no_option_stands_twice_and_no_special_hides_an_operation() -> None:
    for name, command in commands().items():
        words = [word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)]
        assert len(words) == len(set(words)), name
    for noun, verbs in SPECIALS.items():
        assert not verbs.keys() & operations.operations().get(noun, {}).keys()


def test_every_command_shows_help() -> None:
    root = get_command(app)
    assert isinstance(root, Noun)
    for noun in root.list_commands(None):
        group = root.get_command(None, noun)
        for words in [[noun], *([noun, verb] for verb in getattr(group, "verbs", ()))]:
            result = CliRunner().invoke(app, [*words, "--help"])
            assert result.exit_code == 0, words
            assert "Unset" not in result.output, words


def test_help_costs_no_client() -> None:
    program = "import sys; from cli.app import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "device-groups" in done.stdout
    assert not {"httpx", "cryptography", "paho", "attrs", "cli.client"} & set(done.stdout.split())


def test_a_thing_from_creation_to_deletion(terminal: Terminal) -> None:
    site = terminal.json("sites", "create", "--name", "Roof", "--location", '{"lat": 52.5, "lng": 13}')
    made = terminal.json("devices", "create", "--name", "Pump", "--tags", "a", "--tags", "b", "--site-id", site["id"])
    assert (made["tags"], made["siteId"], site["location"]["lat"]) == (["a", "b"], site["id"], 52.5)

    assert terminal.json("devices", "get", made["id"]) == made
    assert [each["id"] for each in terminal.json("devices", "list", "--tag", "a")] == [made["id"]]
    changed = terminal.json("devices", "update", made["id"], "--name", "Fan", "--clear", "site-id", "--virtual")
    assert (changed["name"], changed["siteId"], changed["virtual"], changed["tags"]) == ("Fan", None, True, ["a", "b"])
    assert terminal.run("devices", "delete", made["id"]).stdout == ""
    terminal.run("devices", "get", made["id"], code=4)


def test_a_body_comes_from_a_text_a_file_or_stdin_and_options_win(terminal: Terminal, tmp_path: Path) -> None:
    body = json.dumps({"name": "Roof", "timezone": "Europe/Berlin"})
    (tmp_path / "site.json").write_text(body)

    for text, stdin in ((body, None), (f"@{tmp_path / 'site.json'}", None), ("-", body)):
        made = terminal.json("sites", "create", "--body", text, "--name", "Cellar", input=stdin)
        assert (made["name"], made["timezone"]) == ("Cellar", "Europe/Berlin")


def test_readings_are_sent_as_they_are(terminal: Terminal) -> None:
    device = terminal.json("devices", "create", "--name", "Pump")["id"]
    readings = [{"deviceId": device, "sensorId": "t", "value": value} for value in (1, 2.5)]

    assert terminal.json("readings", "ingest", "--body", json.dumps(readings))["accepted"] == 2
    assert terminal.json("readings", "ingest", "--body", json.dumps({"readings": readings}))["accepted"] == 2
    latest = terminal.json("readings", "latest", "--device-id", device)
    assert [each["key"] for each in latest] == ["t"]


def test_all_follows_the_cursors(terminal: Terminal) -> None:
    names = [f"Site {number}" for number in range(5)]
    for name in names:
        terminal.run("sites", "create", "--name", name)

    page = terminal.run("sites", "list", "--limit", "2", "--json")
    assert [site["name"] for site in json.loads(page.stdout)] == names[:2]
    cursor = page.stderr.rpartition(" ")[2].strip()
    assert [site["name"] for site in terminal.json("sites", "list", "--limit", "2", "--cursor", cursor)] == names[2:4]
    assert [site["name"] for site in terminal.json("sites", "list", "--all", "--limit", "2")] == names
    assert "limit=2&" in str(terminal.bridge.requests[-1].url)
    terminal.run("sites", "list", "--all")
    assert "limit=200" in str(terminal.bridge.requests[-1].url)
    lines = terminal.run("sites", "list", "--all", "--limit", "2", "--ndjson").stdout.splitlines()
    assert [json.loads(line)["name"] for line in lines] == names
    rows = terminal.run("sites", "list", "--all", "--csv").stdout.splitlines()
    assert rows[0].split(",")[0] == "id"
    assert len(rows) == 6


def test_tables_keep_identifiers_whole_and_fit_the_screen(terminal: Terminal) -> None:
    made = terminal.json("devices", "create", "--name", "A name that is rather long, as names of pumps may be")

    for width in (40, 60, 200):
        shown = terminal.run("devices", "list", COLUMNS=str(width)).stdout
        assert made["id"] in shown
        assert max(map(len, shown.splitlines())) <= width
    assert "rather long" in terminal.run("devices", "list", COLUMNS="100").stdout
    assert "\x1b" not in terminal.run("devices", "get", made["id"]).output


def test_what_others_wrote_cannot_move_the_cursor(terminal: Terminal) -> None:
    terminal.run(
        "devices", "create", "--body", json.dumps({"name": "Pump", "metadata": {"note": "\x1b[2J gone [red]"}})
    )

    shown = terminal.run("devices", "list").stdout
    assert "\x1b" not in shown
    assert "[red]" in shown


def test_empty_lists_say_so_to_people_only(terminal: Terminal) -> None:
    assert terminal.json("sites", "list") == []
    assert terminal.run("sites", "list").stdout == ""


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("sites", "create"), "--name"),
        (("sites", "create", "--body", "{"), "JSON"),
        (("sites", "create", "--body", "@/nowhere"), "--body"),
        (("sites", "create", "--name", "x", "--location", "here"), "--location"),
        (("sites", "list", "--limit", "many"), "--limit"),
        (("devices", "update", UNKNOWN, "--clear", "name"), "--clear"),
        (("readings", "ingest"), "--body"),
        (("readings", "get", UNKNOWN, "--from", "yesterday"), "--from"),
        (("devices", "list", "--status", "BROKEN"), "--status"),
        (("devices", "get"), "DEVICE_ID"),
        (("devices", "nothing"), "nothing"),
        (("readings", "query"), "--device"),
        (("readings", "query", UNKNOWN, "--fn", "avg"), "--interval"),
        (("readings", "query", UNKNOWN, "--last", "long"), "long"),
        (("sites", "list", "--host", "http://example.org"), "clear"),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, tuple) else value,
)
def test_usage_is_refused_before_anything_is_sent(terminal: Terminal, words: tuple[str, ...], option: str) -> None:
    result = terminal.run(*words, code=2, COLUMNS="200")

    assert option in result.stderr
    assert result.stdout == ""
    assert terminal.bridge.requests == []


@given(tags=st.lists(LABELS, max_size=3), virtual=st.booleans())
def test_options_make_the_body_that_the_same_json_makes(tags: list[str], *, virtual: bool) -> None:
    fields = slots.body_of(operations.operations()["devices"]["create"]) or []
    nothing = {f"b_{field.name}": None for field in fields} | {"body": None, "clear": None}
    said = {"name": "Pump", "virtual": virtual} | ({"tags": tags} if tags else {})
    options = {"b_name": "Pump", "b_virtual": virtual, "b_tags": tags}

    assert calls.body(fields, nothing | options) == said
    assert calls.body(fields, nothing | {"body": json.dumps(said)}) == said


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_cells_are_one_line_of_what_can_be_printed(value: Any) -> None:
    assert output.cell(value).isprintable()


@given(st.from_regex(r"[a-z][a-z0-9]{0,5}([A-Z][a-z0-9]{1,5}){0,3}", fullmatch=True))
def test_names_come_back_from_options(name: str) -> None:
    assert slots.camel(ending.kebab(name).replace("-", "_")) == name


def test_a_second_organization_sees_nothing(terminal: Terminal, an_organization: Any) -> None:
    made = terminal.json("devices", "create", "--name", "Pump")
    other: Organization = an_organization("Umbrella")

    assert "not-found" in terminal.run("devices", "get", made["id"], code=4, WHIMBREL_API_KEY=other.api_key).stderr
