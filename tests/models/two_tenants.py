"""Two organizations at work at the same time, each with values that only it has; what one is told is searched for the
other's.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlsplit

import boto3
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from functions.organizations.operator import handler as operator
from tests.conftest import aws_in_process
from tests.functions.exporting import played
from tests.functions.sessions import issuing, session
from tests.gateway import Answer, Client

V1, DOTS, ENTITIES = "/api/v1", "/api/v1.6", "/v1/entities"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NOON_MS = 1_767_268_800_000  # 2026-01-01
HOUR_MS = 3_600_000
FROM, TO = "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"
BOTH = "somebody-of-both"
"""An owner here and there."""

BRANCHES = {
    "sites": f"{V1}/sites",
    "devices": f"{V1}/devices",
    "components": f"{V1}/components",
    "sensors": f"{V1}/sensors",
    "groups": f"{V1}/device-groups",
    "classes": f"{V1}/annotation-classes",
    "annotations": f"{V1}/annotations",
    "sensor profiles": f"{V1}/sensor-profiles",
    "device profiles": f"{V1}/device-profiles",
    "keys": f"{V1}/api-keys",
    "invitations": f"{V1}/invitations",
    "imports": f"{V1}/imports",
    "exports": f"{V1}/exports",
    "registrations": f"{V1}/devices/registration/tokens",
}
CHANGED = ("sites", "devices", "components", "sensors", "groups", "classes", "keys")
SHOWN = (*CHANGED, "annotations", "sensor profiles", "device profiles", "imports", "exports")
OF_A_DEVICE = {"components", "sensors", "annotations", "exports"}
"""They go with their device."""
NAMELESS = {"annotations", "invitations", "imports", "exports", "registrations"}
OTHER_LISTS = (
    f"{V1}/members", f"{V1}/audit-log", f"{V1}/admin/quarantine", f"{V1}/jobs", f"{V1}/packs", f"{V1}/access-tokens",
)  # fmt: skip

sides = st.sampled_from(["a", "b"])
numbers = st.integers(0, 999)


@dataclass
class Side:
    """One of the two: what it has, and what only it may be told."""

    name: str
    id: str
    callers: list[Client]
    outsiders: list[Client]
    """Its credentials, naming the other organization."""
    marker: str
    """What begins all its texts."""
    values: set[str] = field(default_factory=set)
    """The numbers and identifiers that are its own."""
    said: set[str] = field(default_factory=set)
    """What of the other's it has itself put into what it keeps."""
    things: dict[str, dict[str, str]] = field(default_factory=lambda: {branch: {} for branch in BRANCHES})
    """The name of each thing, by identifier and branch."""
    cursors: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, str] = field(default_factory=dict)
    """What was made under each Idempotency-Key."""
    made: int = 0

    def text(self) -> str:
        """Return a text that nobody has used."""
        self.made += 1
        return f"{self.marker}{self.made}"

    def number(self) -> float:
        """Return a number that nobody has used."""
        self.made += 1
        value = {"a": 7_100_000.25, "b": 3_100_000.25}[self.name] + self.made
        self.values.add(str(value))
        return value

    def pick(self, branch: str, number: int) -> str | None:
        there = list(self.things[branch])
        return there[number % len(there)] if there else None


class TwoTenants(RuleBasedStateMachine):
    """Steps of both, in any order; each answer is searched."""

    tally: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(aws_in_process())
        self.stack.enter_context(issuing())
        self.sides: dict[str, Side] = {}

    @initialize()
    def begin(self) -> None:
        made = {name: self.organization(name) for name in "ab"}
        self.sides = {
            name: Side(name, here["organizationId"], [], [], f"canary-{name}-", {here["organizationId"]})
            for name, here in made.items()
        }
        for side in self.sides.values():
            other = self.other(side)
            owner, key = session(f"{side.marker}owner", side.id), Client(made[side.name]["apiKey"])
            token = Client(owner.post(f"{V1}/access-tokens", {"name": side.text()}).ok()["token"])
            # Nobody's rights are looked up more than once a minute.
            side.callers = [replace(each, cached=True) for each in (key, owner, token, session(BOTH, side.id))]
            elsewhere = {"X-Organization-Id": other.id}
            side.outsiders = [replace(each, headers=elsewhere) for each in (key, owner, token)]
            for branch in ("sites", "devices", "sensors", "classes"):
                self.make_one(side, branch)
        self.tally["examples"] += 1

    def organization(self, name: str) -> dict[str, str]:
        owner, member = ({"userId": f"canary-{name}-{who}", "role": who.upper()} for who in ("owner", "member"))
        people = [
            {"email": f"canary-{name}-o@example.com", **owner},
            {"email": f"canary-{name}-m@example.com", **member},
            {"userId": BOTH, "role": "OWNER"},
        ]
        return operator({"action": "create-organization", "name": f"canary-{name}-works", "members": people}, None)

    def teardown(self) -> None:
        self.stack.close()

    def other(self, side: Side) -> Side:
        return self.sides["b" if side.name == "a" else "a"]

    # --- Asking, and searching what is told ---

    def ask(
        self, side: Side, method: str, url: str, *, by: int = 0, told: tuple[str, ...] = (), **options: Any
    ) -> Answer:
        """Make a call of *side*, and search the answer; *told* is what of the other's it has itself sent."""
        answer = side.callers[by % len(side.callers)].request(method, url, **options)
        self.search(side, answer.body + json.dumps(answer.headers), told)
        assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, f"{method} {url}: {answer.body}"
        return answer

    def search(self, side: Side, text: str, told: tuple[str, ...] = ()) -> None:
        """Hold a text that *side* is told to what is the other's.

        Raises:
            AssertionError: it has something of it.
        """
        other = self.other(side)
        for known in (*told, *side.said):
            text = text.replace(known, "")
        self.tally["answers searched"] += 1
        self.tally["characters searched"] += len(text)
        hits = [value for value in (other.marker, *other.values) if value in text]
        self.tally["hits"] += len(hits)
        assert not hits, f"{side.name} was told {hits} of the other: {text}"
        side.values.update(found for found in UUID.findall(text) if found not in other.values)

    def step(self, side: str) -> Side:
        """Count a step, and return whose it is."""
        self.tally["steps"] += 1
        return self.sides[side]

    # --- Things ---

    @rule(side=sides, branch=st.sampled_from([*BRANCHES]), number=numbers, by=numbers)
    def make(self, side: str, branch: str, number: int, by: int) -> None:
        self.make_one(self.step(side), branch, number, by)

    def make_one(self, here: Side, branch: str, number: int = 0, by: int = 0) -> None:
        body = self.body(here, branch, number)
        if body is None:
            branch, body = "devices", {"name": here.text()}
        made = self.ask(here, "POST", BRANCHES[branch], by=by, json=body).ok()
        if branch != "registrations":
            here.things[branch][made["id"]] = body.get("name", "")

    def body(self, side: Side, branch: str, number: int) -> dict[str, Any] | None:
        """Return what makes a thing of *branch*; None where it takes something that is not there."""
        text = side.text()
        site, device, about = (side.pick(each, number) for each in ("sites", "devices", "classes"))
        scope = {"scopeType": "DEVICE", "scopeId": device}
        bodies: dict[str, dict[str, Any]] = {
            "sites": {"address": text},
            "devices": {"tags": [text], "metadata": {text: text}, "siteId": site},
            "components": {"deviceId": device, "key": text, "metadata": {"note": text}},
            "sensors": {"deviceId": device, "key": text, "valueType": "DOUBLE"},
            "groups": {"match": {"anyTags": [text], "siteIds": [site] if site else []}},
            "classes": {"key": text, "scopes": ["DEVICE"]},
            "annotations": scope | {"classId": about, "startAt": FROM},
            "sensor profiles": {"key": text, "description": text, "fields": [{"key": "t", "type": "DOUBLE"}]},
            "device profiles": {"key": text, "description": text},
            "keys": {"scopes": ["devices:read"]},
            "invitations": {"email": f"{text}@example.com", "role": "MEMBER"},
            "imports": {"format": "CSV", "columns": {"value": text}, "deviceId": device},
            "exports": scope | {"from": FROM, "to": TO, "includes": ["READINGS"]},
            "registrations": {"deviceName": text, "tags": [text], "siteId": site},
        }
        if (branch in OF_A_DEVICE and not device) or (branch == "annotations" and not about):
            return None
        return bodies[branch] | ({"name": text} if branch not in NAMELESS else {})

    @rule(side=sides, branch=st.sampled_from(SHOWN), number=numbers, by=numbers)
    def show(self, side: str, branch: str, number: int, by: int) -> None:
        here = self.step(side)
        identifier = here.pick(branch, number)
        if identifier is None:
            self.ask(here, "GET", f"{V1}/me", by=by).ok()
            return
        answer = self.ask(here, "GET", f"{BRANCHES[branch]}/{identifier}", by=by)
        if branch not in OF_A_DEVICE or answer.status_code != HTTPStatus.NOT_FOUND:
            assert answer.ok().get("name", "") == here.things[branch][identifier]

    @rule(side=sides, branch=st.sampled_from(CHANGED), number=numbers, by=numbers, matching=st.sampled_from("-ot"))
    def change(self, side: str, branch: str, number: int, by: int, matching: str) -> None:
        """Change a thing: in whatever version, in its own, or in one that is another organization's."""
        here = self.step(side)
        identifier = here.pick(branch, number)
        if identifier is None:
            self.ask(here, "PATCH", f"{V1}/organization", by=by, json={"name": here.text()}).ok()
            return
        url = f"{BRANCHES[branch]}/{identifier}"
        theirs = self.other(here)
        whose = {"o": (here, url), "t": (theirs, f"{BRANCHES[branch]}/{theirs.pick(branch, number)}")}
        headers = {}
        if matching != "-":
            etag = self.ask(whose[matching][0], "GET", whose[matching][1]).headers.get("ETag")
            headers = {"If-Match": etag} if etag else {}
        name = here.text()
        answer = self.ask(here, "PATCH", url, by=by, json={"name": name}, headers=headers)
        if answer.status_code == HTTPStatus.OK:
            here.things[branch][identifier] = name
        else:
            gone = branch in OF_A_DEVICE and answer.status_code == HTTPStatus.NOT_FOUND
            assert gone or (matching == "t" and answer.status_code == HTTPStatus.PRECONDITION_FAILED), answer.body

    @rule(side=sides, branch=st.sampled_from(SHOWN), number=numbers, by=numbers)
    def remove(self, side: str, branch: str, number: int, by: int) -> None:
        here = self.step(side)
        identifier = here.pick(branch, number)
        if identifier is None or len(here.things[branch]) < 3:
            self.ask(here, "GET", f"{V1}/organization", by=by).ok()
            return
        answer = self.ask(here, "DELETE", f"{BRANCHES[branch]}/{identifier}", by=by)
        if answer.status_code != HTTPStatus.CONFLICT:  # it may be in use
            assert answer.status_code in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}
            assert answer.status_code == HTTPStatus.NO_CONTENT or branch in OF_A_DEVICE
            del here.things[branch][identifier]

    @rule(side=sides, url=st.sampled_from([*BRANCHES.values(), *OTHER_LISTS]), limit=st.integers(1, 4), by=numbers)
    def list_some(self, side: str, url: str, limit: int, by: int) -> None:
        here = self.step(side)
        on = here.cursors.pop(url, "")
        # Access tokens are shown to people only, and to each their own.
        by = 1 if url.endswith("access-tokens") else by
        page = self.ask(here, "GET", f"{url}?limit={limit}" + (f"&cursor={on}" if on else ""), by=by).ok()
        assert len(page["items"]) <= limit
        if page["nextCursor"]:
            here.cursors[url] = page["nextCursor"]

    # --- Readings ---

    @rule(side=sides, number=numbers, by=numbers, key=st.sampled_from(["t", "note"]), at=st.integers(-9, 24))
    def measure(self, side: str, number: int, by: int, key: str, at: int) -> None:
        """Send readings of both types, or such as go into quarantine; now and then of the other's device."""
        here = self.step(side)
        theirs = self.other(here).pick("devices", number) if number % 4 == 0 else None
        device = theirs or here.pick("devices", number)
        if device is None:
            return
        if theirs:
            here.said.add(theirs)
        good = at >= 0
        rows = [
            {
                "deviceId": device,
                "sensorId": key,
                "timestamp": NOON_MS + at * HOUR_MS + extra if good else here.text(),
                "value": here.number() if key == "t" else here.text(),
                "metadata": {"by": here.text()},
            }
            for extra in range(2)
        ]
        answer = self.ask(here, "POST", f"{V1}/readings", by=by, json=rows).ok()
        assert not (theirs and answer["accepted"])

    @rule(side=sides, number=numbers, by=numbers, what=st.sampled_from(["", "/window", "/stats", "/aggregated"]))
    def query(self, side: str, number: int, by: int, what: str) -> None:
        here = self.step(side)
        device = here.pick("devices", number)
        if device is None:
            return
        sensors = self.ask(here, "GET", f"{V1}/sensors?deviceId={device}", by=by).ok()["items"]
        self.ask(here, "GET", f"{V1}/readings/latest?deviceId={device}", by=by).ok()
        if not sensors:
            return
        sensor = sensors[number % len(sensors)]["id"]
        span = {"/window": "?last=1h", "/aggregated": f"?from={FROM}&to={TO}&interval=1h&fn=avg,last"}
        url = f"{V1}/readings/sensor/{sensor}{what}" + span.get(what, f"?from={FROM}&to={TO}")
        answer = self.ask(here, "GET", url, by=by)
        # Of texts there is no average.
        assert answer.status_code in {HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY}
        asked = {"sensorIds": [each["id"] for each in sensors], "from": FROM, "to": TO}
        self.ask(here, "POST", f"{V1}/readings/batch", by=by, json=asked).ok()

    @rule(side=sides, number=numbers, by=numbers, how=st.sampled_from(["show", "replay", "discard"]))
    def attend_to_quarantine(self, side: str, number: int, by: int, how: str) -> None:
        here = self.step(side)
        kept = self.ask(here, "GET", f"{V1}/admin/quarantine?limit=200", by=by).ok()["items"]
        if not kept:
            return
        url = f"{V1}/admin/quarantine/{kept[number % len(kept)]['id']}"
        method, path = {"show": ("GET", ""), "replay": ("POST", "/replay"), "discard": ("DELETE", "")}[how]
        assert self.ask(here, method, url + path, by=by).status_code in {200, 204, 409, 422}

    @rule(side=sides, number=numbers, by=numbers, more=st.sampled_from([[], ["ANNOTATIONS"]]))
    def export(self, side: str, number: int, by: int, more: list[str]) -> None:
        """Now and then have an export made of a device's readings, and search the archive."""
        here = self.step(side)
        device = here.pick("devices", number)
        if device is None or number % 4:
            self.ask(here, "GET", BRANCHES["exports"], by=by).ok()
            return
        scope = {"scopeType": "DEVICE", "scopeId": device, "from": FROM, "to": TO, "format": "CSV"}
        wanted = scope | {"includes": ["READINGS", *more]}
        asked = self.ask(here, "POST", f"{V1}/exports", by=by, json=wanted).ok()
        played(here.id, asked["id"])
        link = self.ask(here, "GET", f"{V1}/exports/{asked['id']}", by=by).ok()["downloadUrl"]
        key = urlsplit(link).path[urlsplit(link).path.index("organizations/") :]
        content = boto3.client("s3").get_object(Bucket="exports", Key=key)["Body"].read()
        self.tally["archives"] += 1
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                self.search(here, name + archive.read(name).decode())

    # --- In the words of other platforms ---

    @rule(side=sides, number=numbers, by=st.sampled_from([0, 2]), how=st.sampled_from(["one", "bulk", "read", "list"]))
    def speak_of_dots(self, side: str, number: int, by: int, how: str) -> None:
        """Send and read dots of devices that the other has, too, by their labels."""
        here = self.step(side)
        label = f"pump-{number % 3}"
        dot = {"value": here.number(), "timestamp": NOON_MS + number * HOUR_MS, "context": {"by": here.text()}}
        if how == "one":
            self.ask(here, "POST", f"{DOTS}/devices/{label}", by=by, json={"t": dot}).ok()
        elif how == "bulk":
            body = [{"device": label, "timestamp": NOON_MS, "values": [{"t": dot}, {"t": here.text()}]}]
            task = self.ask(here, "POST", f"{DOTS}/devices/_/bulk/values", by=by, json=body).ok()["task_id"]
            here.values.add(task)
            assert self.ask(here, "GET", f"{DOTS}/tasks/{task}", by=by).ok()["accepted"] == 1
            theirs = self.ask(self.other(here), "GET", f"{DOTS}/tasks/{task}", by=by, told=(task,))
            assert theirs.status_code == HTTPStatus.NOT_FOUND
        elif how == "read":
            for what in ("values", "lv"):
                answer = self.ask(here, "GET", f"{DOTS}/devices/{label}/t/{what}", by=by)
                assert answer.status_code in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}
        else:
            self.ask(here, "GET", f"{DOTS}/datasources?page_size=500", by=by).ok()
            self.ask(here, "GET", f"{DOTS}/variables?page_size=500", by=by).ok()

    @rule(side=sides, number=numbers, by=numbers, how=st.sampled_from(["", "/history", "/chart", "put", "theirs"]))
    def speak_of_entities(self, side: str, number: int, by: int, how: str) -> None:
        """Record and read values of entities, or ask for the other's."""
        here = self.step(side)
        whose = self.other(here) if how == "theirs" else here
        device = whose.pick("devices", number)
        if device is None:
            return
        entity = f"{ENTITIES}/{device}"
        values = {"attribute_values": [{"attribute_id": "t", "value": here.number()}]}
        if how == "theirs":
            here.said.add(device)
            for method, body in (("GET", None), ("PUT", values), ("DELETE", None)):
                answer = self.ask(here, method, entity, by=by, json=body)
                assert answer.status_code == HTTPStatus.NOT_FOUND, answer.body
        elif how == "put":
            answer = self.ask(here, "PUT", entity, by=by, json=values)
            assert answer.status_code == HTTPStatus.NO_CONTENT, answer.body
        else:
            span = f"?start={NOON_MS // 1000}&end={NOON_MS // 1000 + 86_400}" if how else ""
            self.ask(here, "GET", entity + how + span, by=by).ok()

    # --- What is the other's ---

    @rule(
        side=sides,
        branch=st.sampled_from([*BRANCHES]),
        method=st.sampled_from(["GET", "PATCH", "DELETE"]),
        number=numbers,
        by=numbers,
    )
    def reach_over(self, side: str, branch: str, method: str, number: int, by: int) -> None:
        """Ask for a thing of the other's."""
        here = self.step(side)
        identifier = self.other(here).pick(branch, number)
        if identifier is None:
            return
        body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = self.ask(here, method, f"{BRANCHES[branch]}/{identifier}", by=by, told=(identifier,), **body)
        assert answer.status_code == HTTPStatus.NOT_FOUND, answer.body

    @rule(side=sides, number=numbers, by=numbers)
    def name_theirs(self, side: str, number: int, by: int) -> None:
        """Name the other's things where one names one's own."""
        here = self.step(side)
        theirs = self.other(here)
        site, device, sensor = (theirs.pick(branch, number) for branch in ("sites", "devices", "sensors"))
        if sensor and number % 3 == 0:
            asked = {"sensorIds": [sensor], "from": FROM, "to": TO}
            answer = self.ask(here, "POST", f"{V1}/readings/batch", by=by, json=asked, told=(sensor,))
            assert answer.status_code == HTTPStatus.NOT_FOUND
        elif device and number % 3 == 1:
            for url in ("components", "sensors", "admin/quarantine"):
                answer = self.ask(here, "GET", f"{V1}/{url}?deviceId={device}", by=by, told=(device,)).ok()
                assert device in here.said or answer["items"] == []
        elif site:
            here.said.add(site)
            name = here.text()
            group = {"name": name, "match": {"siteIds": [site]}}
            made = self.ask(here, "POST", f"{V1}/device-groups", by=by, json=group).ok()
            here.things["groups"][made["id"]] = name
            assert self.ask(here, "GET", f"{V1}/device-groups/{made['id']}/devices", by=by).ok()["items"] == []
            device_body = {"name": here.text(), "siteId": site}
            refused = self.ask(here, "POST", f"{V1}/devices", by=by, json=device_body)
            assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    @rule(side=sides, url=st.sampled_from([*BRANCHES.values(), *OTHER_LISTS]), by=numbers)
    def go_on_with_theirs(self, side: str, url: str, by: int) -> None:
        """Go on in a list by the other's cursor."""
        here = self.step(side)
        there = self.other(here)
        by = 1 if url.endswith("access-tokens") else by
        if url not in there.cursors:
            page = self.ask(there, "GET", f"{url}?limit=1", by=by).ok()
            there.cursors |= {url: page["nextCursor"]} if page["nextCursor"] else {}
        if url in there.cursors:
            answer = self.ask(here, "GET", f"{url}?cursor={there.cursors[url]}", by=by)
            assert answer.status_code == HTTPStatus.BAD_REQUEST, answer.body

    @rule(side=sides, number=st.integers(0, 5), by=numbers)
    def repeat(self, side: str, number: int, by: int) -> None:
        """Make something under a key that the other uses, too, with the same body; and by the same person."""
        here = self.step(side)
        key = f"make-{number}-{by % 2}"
        who = 3 if by % 2 else 0
        answer = self.ask(
            here, "POST", f"{V1}/sites", by=who, json={"name": "The same"}, headers={"Idempotency-Key": key}
        )
        made = answer.ok()["id"]
        assert ("Idempotency-Replayed" in answer.headers) == (key in here.repeated)
        assert here.repeated.setdefault(key, made) == made

    @rule(side=sides, url=st.sampled_from([*BRANCHES.values(), *OTHER_LISTS, f"{V1}/me"]), by=numbers)
    def say_one_is_theirs(self, side: str, url: str, by: int) -> None:
        """Call with one's own credential in the other's name."""
        here = self.step(side)
        outsider = here.outsiders[by % len(here.outsiders)]
        answer = outsider.get(url)
        self.search(here, answer.body + json.dumps(answer.headers))
        assert answer.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED}
