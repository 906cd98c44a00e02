"""The audit log: who did what, in a chain without gaps, and whatever is done to it is found."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.organizations.operator import handler as operator
from tests.conftest import Organization
from tests.functions.conftest import Calls, Crash, a_csr
from tests.functions.profiling import publish
from tests.functions.sessions import session
from tests.gateway import Client
from whimbrel import instants
from whimbrel.aws import secret
from whimbrel.aws.clients import client as aws_client
from whimbrel.domain.audit import Actor, Head, chained
from whimbrel.domain.fleet import Device
from whimbrel.http.audit import Record
from whimbrel.ids import DeviceId, OrganizationId
from whimbrel.problems import NotFound, Unavailable
from whimbrel.settings import settings as deployment
from whimbrel.store.audit import DIED_AFTER_MS, AuditLog
from whimbrel.store.repeats import LEASE_MS
from whimbrel.store.tenant import Tenant

LOG = "/api/v1/audit-log"
DEVICES = "/api/v1/devices"

pytestmark = pytest.mark.usefixtures("issuer")


@pytest.fixture
def log(organization: Organization) -> AuditLog:
    return AuditLog.of(Tenant(OrganizationId(organization.id)))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return what moves the clock of audit entries on."""
    now_ms = instants.now_ms

    def move(by: timedelta) -> None:
        monkeypatch.setattr(instants, "now_ms", lambda: now_ms() + by // timedelta(milliseconds=1))

    return move


def entries(client: Client, query: str = "") -> list[dict[str, Any]]:
    """Return all entries, newest first, however short the pages are."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = client.get(f"{LOG}?limit=200{query}{cursor}").ok()
        found += page["items"]
        if not page["nextCursor"]:
            return found
        cursor = f"&cursor={page['nextCursor']}"


def verified(organization: Organization) -> dict[str, Any]:
    return operator({"action": "verify-audit", "organizationId": organization.id}, None)


def intents(organization: Organization) -> list[dict[str, Any]]:
    found = boto3.client("dynamodb").query(
        TableName="registry",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"ORG#{organization.id}#audit_intent"}},
    )
    return [json.loads(item["doc"]["S"]) for item in found["Items"]]


def a_record(log: AuditLog, action: str = "x") -> dict[str, Any]:
    """Return what an entry says before it has its place."""
    return Record.of(Tenant(log.organization_id), Actor(kind="OPERATOR", id="operator"), action).content


class TestWhatIsRecorded:
    def test_a_change_says_who_what_when_from_where_and_which_fields(self, organization: Organization) -> None:
        client = organization.client
        before = instants.now()
        made = client.post(DEVICES, {"name": "Pump", "tags": ["roof"]}, headers={"User-Agent": "a browser"}).ok()
        changed = client.patch(f"{DEVICES}/{made['id']}", {"name": "Fan"})
        client.delete(f"{DEVICES}/{made['id']}")

        deletion, change, creation, *_ = entries(client)

        assert creation["action"] == "create_device"
        assert (creation["method"], creation["path"], creation["status"]) == ("POST", "/api/v1/devices", 201)
        assert (creation["sourceIp"], creation["userAgent"]) == ("192.0.2.1", "a browser")
        assert before <= instants.from_ms(instants.parse_ms(creation["at"])) <= instants.now()
        key_id = client.get("/api/v1/me").ok()["subject"]
        assert creation["actor"] == {"kind": "API_KEY", "id": key_id, "credentialId": key_id}
        [thing] = creation["changes"]
        assert (thing["kind"], thing["id"], thing["before"]) == ("device", made["id"], None)
        assert {"name": "Pump", "tags": ["roof"]}.items() <= thing["after"].items()
        assert (change["action"], change["requestId"]) == ("update_device", changed.headers["X-Request-Id"])
        assert change["path"] == f"/api/v1/devices/{made['id']}"
        [thing] = change["changes"]
        assert (thing["before"], thing["after"]) == ({"name": "Pump"}, {"name": "Fan"})
        assert deletion["action"] == "delete_device"
        assert [(each["kind"], each["after"]) for each in deletion["changes"]] == [("device", None)]
        assert deletion["changes"][0]["before"]["name"] == "Fan"

    def test_refusals_leave_nothing(self, organization: Organization) -> None:
        client = organization.client
        device = client.post(DEVICES, {"name": "Pump"}).ok()["id"]
        site = client.post("/api/v1/sites", {"name": "Works"}).ok()["id"]
        client.patch(f"{DEVICES}/{device}", {"siteId": site}).ok()
        count = len(entries(client))

        refused = [
            client.post(DEVICES, {"name": ""}),
            client.post(DEVICES, {"name": "x", "siteId": device}),
            client.patch(f"{DEVICES}/{site}", {"name": "x"}),
            client.patch(f"{DEVICES}/{device}", {"name": "x"}, headers={"If-Match": '"9"'}),
            client.delete(f"/api/v1/sites/{site}"),
            Client().post(DEVICES, {"name": "x"}),
        ]

        assert [answer.status_code for answer in refused] == [422, 422, 404, 412, 409, 401]
        assert len(entries(client)) == count
        assert intents(organization) == []

    def test_a_repeated_call_is_one_entry(self, organization: Organization) -> None:
        client = organization.client
        headers = {"Idempotency-Key": "one"}
        answers = [client.post(DEVICES, {"name": "Pump"}, headers=headers) for _ in range(3)]

        assert len({answer.body for answer in answers}) == 1
        assert [entry["action"] for entry in entries(client)] == ["create_device", "create-organization"]

    def test_what_a_call_that_died_did_is_one_entry_when_it_is_repeated(
        self, organization: Organization, calls: Calls, later: Callable[..., None]
    ) -> None:
        client = organization.client
        calls.begin()
        client.post("/api/v1/sites", {"name": "Works"}, headers={"Idempotency-Key": "how-many"}).ok()
        faults = [(position, when) for position in range(len(calls.made)) for when in ("before", "after")]

        made_at: dict[str, tuple[int, str]] = {}
        for number, (position, when) in enumerate(faults, 1):
            headers = {"Idempotency-Key": f"{position}-{when}"}
            calls.begin({position: when})
            client.post("/api/v1/sites", {"name": "Works"}, headers=headers)
            later(number * timedelta(milliseconds=LEASE_MS + 1_000))
            calls.begin()
            made = client.post("/api/v1/sites", {"name": "Works"}, headers=headers)
            assert made.status_code == HTTPStatus.CREATED, (position, when, made.body)
            made_at[made.json()["id"]] = position, when

        # Entries that could not be added at once come when somebody looks.
        later((len(faults) + 2) * timedelta(milliseconds=LEASE_MS))
        log = entries(client)
        for identifier, fault in made_at.items():
            statuses = [
                entry["status"] for entry in log if any(thing["id"] == identifier for thing in entry["changes"])
            ]
            assert statuses.count(201) == 1, fault
            assert set(statuses) <= {201, 500, None}, fault
        assert len(made_at) == len(faults)
        assert verified(organization)["fault"] is None

    @pytest.mark.usefixtures("aws")
    def test_a_person_and_a_token_are_told_apart(self) -> None:
        owner = {"userId": "olga", "email": "olga@example.com"}
        made = operator({"action": "create-organization", "name": "Works", "owner": owner}, None)
        olga = session("olga", made["organizationId"])
        token = olga.post("/api/v1/access-tokens", {"name": "laptop"}).ok()
        Client(token["token"]).post(DEVICES, {"name": "Pump"}).ok()

        by_token, by_session, *_ = entries(Client(made["apiKey"]))

        assert by_token["actor"] == {"kind": "ACCESS_TOKEN", "id": "olga", "credentialId": token["id"]}
        assert by_session["actor"] == {"kind": "USER", "id": "olga", "credentialId": None}

    @pytest.mark.usefixtures("iot_core")
    def test_provisioning_is_the_device_s_own_doing(self, organization: Organization, stranger: Client) -> None:
        client = organization.client
        token = client.post("/api/v1/devices/registration/tokens", {"deviceName": "Pump"}).ok()
        body = {"token": token["token"], "csrPem": a_csr()}
        stranger.post("/api/v1/devices/provision", body).ok()
        wrong = stranger.post("/api/v1/devices/provision", body | {"csrPem": a_csr()})

        provisioning, registration, *_ = entries(client)

        assert wrong.status_code == HTTPStatus.GONE
        assert provisioning["action"] == "provision_device"
        assert (provisioning["status"], provisioning["path"]) == (201, "/api/v1/devices/provision")
        assert provisioning["actor"] == {"kind": "DEVICE", "id": token["deviceId"], "credentialId": None}
        assert registration["action"] == "create_registration_token"
        assert intents(organization) == []

    def test_accepting_an_invitation_is_in_the_log_of_the_one_who_invites(self, organization: Organization) -> None:
        client = organization.client
        invitation = client.post("/api/v1/invitations", {"email": "mia@example.com", "role": "MEMBER"}).ok()
        session("mia").post(f"/api/v1/invitations/{invitation['id']}/accept").ok()

        acceptance = entries(client)[0]

        assert (acceptance["action"], acceptance["actor"]["id"]) == ("accept_invitation", "mia")
        assert {thing["kind"] for thing in acceptance["changes"]} >= {"member", "invitation"}

    def test_what_the_operator_does_is_recorded(self, organization: Organization) -> None:
        request = {"action": "create-api-key", "organizationId": organization.id, "name": "k", "scopes": ["admin"]}
        operator(request, None)
        verified(organization)

        found = entries(organization.client)

        assert [entry["action"] for entry in found] == ["verify-audit", "create-api-key", "create-organization"]
        assert {entry["actor"]["kind"] for entry in found} == {"OPERATOR"}

    def test_many_things_are_counted_and_long_values_are_cut(self, organization: Organization) -> None:
        client = organization.client
        names = [f"Pump {number}" for number in range(15)]
        client.post("/api/v1/devices/registration/batch", {"deviceNames": names}).ok()
        publish(client, *({"key": f"f{number}", "type": "DOUBLE", "unit": "Cel"} for number in range(50)))

        long, many, *_ = entries(client)

        assert len(many["changes"]) == 20
        assert many["moreChanges"] == 10
        [fields] = [thing["after"]["fields"] for thing in long["changes"] if thing["kind"] == "sensor_profile"]
        assert fields.startswith('[{"key": "f0"')
        assert fields.endswith("…")
        assert len(fields) == 1_001
        assert verified(organization)["fault"] is None

    def test_more_than_an_entry_can_hold_is_told_without_its_fields(self, organization: Organization) -> None:
        fields = [{"key": f"f{number}", "description": "🌡" * 500, "type": "DOUBLE"} for number in range(2)]
        said = {"name": "🌡" * 100, "description": "🌡" * 500, "fields": fields}
        profiles = [{"key": f"p{number}", **said} for number in range(22)]
        manifest = {"key": "large", "version": "1.0.0", "name": "Large", "sensorProfiles": profiles}
        organization.client.post("/api/v1/packs", manifest).ok()
        organization.client.post("/api/v1/packs/large/install").ok()

        entry = entries(organization.client)[0]

        assert (entry["action"], entry["status"]) == ("install_pack", 200)
        assert len(entry["changes"]) == 20
        assert entry["moreChanges"] > 0
        assert all(not thing["before"] and thing["after"] == {} for thing in entry["changes"])
        assert verified(organization)["fault"] is None


class TestChain:
    def test_it_has_neither_gaps_nor_forks(self, organization: Organization) -> None:
        for number in range(12):
            organization.client.post(DEVICES, {"name": f"Pump {number}"}).ok()

        found = entries(organization.client)

        assert [entry["sequence"] for entry in found] == list(range(13, 0, -1))
        assert [entry["previousHash"] for entry in found] == [entry["hash"] for entry in found[1:]] + ["0" * 64]
        assert verified(organization) == {"entries": 13, "fault": None}

    @pytest.mark.usefixtures("calls")
    def test_eight_who_write_at_once_are_in_a_row(self, log: AuditLog) -> None:
        def write(writer: int) -> int:
            added = 0
            for number in range(4):
                content = a_record(log, f"writer {writer}: {number}")
                log.intend(content)
                try:
                    log.append(content)
                    added += 1
                except Unavailable:
                    pass  # the intent stays, and the next reader adds it
            return added

        with ThreadPoolExecutor(8) as pool:
            added = sum(pool.map(write, range(8)))

        assert added > 0
        verdict = log.verify()
        assert verdict == (added + 1, None)
        for item in log.newest_first():
            assert item["sequence"] <= verdict.entries

    def test_an_entry_is_added_once_however_often_it_is_told(self, log: AuditLog) -> None:
        content = a_record(log)
        for status in (None, 503, 201, None, 201):
            log.intend(content)
            log.append(content | {"status": status})

        found = list(log.newest_first())
        assert [entry["status"] for entry in found] == [201, None, 200]
        assert len({entry["id"] for entry in found}) == 3

    @pytest.mark.parametrize("when", ["before", "after", "twice", "timeout"])
    @pytest.mark.parametrize("position", range(3))
    def test_an_entry_whose_writing_fails_comes_later_and_once(
        self,
        organization: Organization,
        log: AuditLog,
        calls: Calls,
        later: Callable[..., None],
        position: int,
        when: str,
    ) -> None:
        tenant = Tenant(log.organization_id)
        calls.begin({position: when})
        record = Record.of(tenant, Actor(kind="OPERATOR", id="operator"), "x")
        try:
            record.begin()
        except Exception:  # noqa: BLE001 (nothing has been changed, and the call ends)
            assert position == 0
        record.end(200)

        calls.begin()
        later(timedelta(milliseconds=2 * DIED_AFTER_MS))

        found = [entry["action"] for entry in entries(organization.client)]
        assert found in (["x", "create-organization"], ["create-organization"])
        assert position == 0 or found[0] == "x"
        assert verified(organization)["fault"] is None
        assert all(intent["action"] == "verify-audit" for intent in intents(organization))

    def test_a_call_that_died_is_an_entry_without_a_status(
        self, organization: Organization, log: AuditLog, later: Callable[..., None]
    ) -> None:
        died = a_record(log, "create_device")
        log.intend(died)
        assert [entry["action"] for entry in entries(organization.client)] == ["create-organization"]

        later(timedelta(milliseconds=DIED_AFTER_MS + 1_000))

        found, _ = entries(organization.client)
        assert (found["at"], found["action"], found["status"]) == (died["at"], "create_device", None)
        assert intents(organization) == []
        assert verified(organization)["fault"] is None

    def test_a_process_that_ends_amid_a_change_leaves_its_word(
        self, organization: Organization, calls: Calls, later: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def died(*_: Any) -> None:
            raise Crash

        calls.begin()
        with monkeypatch.context() as patched:
            # As if nothing after the change had run.
            patched.setattr(Record, "end", died)
            answer = organization.client.post(DEVICES, {"name": "Pump"})
        assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
        assert [device["name"] for device in organization.client.get(DEVICES).ok()["items"]] == ["Pump"]

        later(timedelta(minutes=2))

        assert [(entry["action"], entry["status"]) for entry in entries(organization.client)] == [
            ("create_device", None),
            ("create-organization", 200),
        ]

    def test_an_error_of_ours_is_recorded_as_one(
        self, organization: Organization, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: Any, **__: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr("functions.devices.rules.create", fails)
        assert organization.client.post(DEVICES, {"name": "Pump"}).status_code == 500

        entry = entries(organization.client)[0]
        assert (entry["action"], entry["status"]) == ("create_device", None)


class TestReading:
    @pytest.fixture
    def filled(self, organization: Organization) -> list[dict[str, Any]]:
        client = organization.client
        for number in range(9):
            device = client.post(DEVICES, {"name": f"Pump {number}"}).ok()["id"]
            client.patch(f"{DEVICES}/{device}", {"name": f"Fan {number}"}).ok()
            time.sleep(0.002)  # entries of different milliseconds
        return entries(client)

    @pytest.mark.parametrize("limit", [1, 2, 7, 19, 200])
    def test_pages_are_the_whole_whatever_their_size(
        self, organization: Organization, filled: list[dict[str, Any]], limit: int
    ) -> None:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = organization.client.get(f"{LOG}?limit={limit}{cursor}").ok()
            assert len(page["items"]) <= limit
            found += page["items"]
            if not page["nextCursor"]:
                break
            cursor = f"&cursor={page['nextCursor']}"

        assert found == filled
        assert len(found) == 19

    def test_filters_say_what_they_mean(self, organization: Organization, filled: list[dict[str, Any]]) -> None:
        client = organization.client
        middle = filled[8]
        key_id = middle["actor"]["id"]
        thing = middle["changes"][0]["id"]

        def expected(test: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
            return [entry for entry in filled if test(entry)]

        assert entries(client, "&action=update_device") == expected(lambda e: e["action"] == "update_device")
        assert entries(client, f"&actorId={key_id}") == expected(lambda e: e["actor"]["id"] == key_id)
        assert entries(client, f"&changedId={thing}") == expected(
            lambda e: any(change["id"] == thing for change in e["changes"])
        )
        assert entries(client, f"&from={middle['at']}") == expected(lambda e: e["at"] >= middle["at"])
        assert entries(client, f"&to={middle['at']}") == expected(lambda e: e["at"] < middle["at"])
        assert entries(client, f"&action=update_device&changedId={thing}&to={filled[0]['at']}") != []
        assert entries(client, "&action=no_such") == entries(client, "&actorId=nobody") == []

    def test_what_came_late_hides_nothing(
        self, organization: Organization, log: AuditLog, later: Callable[..., None]
    ) -> None:
        died = a_record(log, "long ago")
        log.intend(died)
        later(timedelta(hours=1))
        organization.client.post(DEVICES, {"name": "Pump"}).ok()
        latest = entries(organization.client)[0]
        assert latest["action"] == "long ago"

        half_an_hour_in = instants.format_ms(instants.parse_ms(died["at"]) + 1_800_000)

        assert [e["action"] for e in entries(organization.client, f"&from={half_an_hour_in}")] == ["create_device"]

    def test_a_cursor_is_of_one_query_and_one_organization(self, organization: Organization, other: Client) -> None:
        organization.client.post(DEVICES, {"name": "Pump"}).ok()
        cursor = organization.client.get(f"{LOG}?limit=1").ok()["nextCursor"]

        assert organization.client.get(f"{LOG}?limit=1&cursor={cursor}").ok()["items"][0]["sequence"] == 1
        assert organization.client.get(f"{LOG}?limit=1&action=x&cursor={cursor}").status_code == 400
        assert other.get(f"{LOG}?limit=1&cursor={cursor}").status_code == 400

    def test_nobody_sees_another_s(self, organization: Organization, other: Client) -> None:
        organization.client.post(DEVICES, {"name": "Canary"}).ok()

        theirs = other.get(f"{LOG}?limit=200")

        assert "Canary" not in theirs.body
        assert organization.id not in theirs.body
        assert [entry["action"] for entry in theirs.ok()["items"]] == ["create-organization"]

    def test_only_administrators_read_it(self, scoped: Callable[..., Client]) -> None:
        assert scoped("admin").get(LOG).status_code == HTTPStatus.OK
        assert scoped("access:read", "devices:write").get(LOG).status_code == HTTPStatus.FORBIDDEN


# What somebody does who can write to the tables, and does not have the platform's secret.

Items = list[dict[str, Any]]


class Intruder:
    def __init__(self, organization: Organization) -> None:
        self.pk = f"ORG#{organization.id}#audit"
        self.head_key = {"pk": {"S": f"{self.pk}_head"}, "sk": {"S": "head"}}
        self.dynamodb = boto3.client("dynamodb")
        self.items = self.dynamodb.query(
            TableName="audit",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": self.pk}},
        )["Items"]
        self.head = self.dynamodb.get_item(TableName="registry", Key=self.head_key)["Item"]
        self.documents = [json.loads(item["doc"]["S"]) for item in self.items]

    def put(self, sequence: int, document: Any) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        item = {"pk": {"S": self.pk}, "sk": {"S": f"{sequence:012d}"}, "doc": {"S": text}}
        self.dynamodb.put_item(TableName="audit", Item=item)

    def delete(self, sequence: int) -> None:
        key = {"pk": {"S": self.pk}, "sk": {"S": f"{sequence:012d}"}}
        self.dynamodb.delete_item(TableName="audit", Key=key)

    def rechain(self, contents: Items) -> Head:
        """Write a log that fits from the first entry on."""
        head = Head()
        for content in contents:
            bare = {name: content[name] for name in content if name not in {"sequence", "previousHash", "hash"}}
            document = chained(bare, head.sequence + 1, head.hash)
            self.put(document["sequence"], document)
            head = Head(document["sequence"], document["hash"])
        return head

    def forge_head(self, head: Head, seal: str | None = None) -> None:
        forged = self.head | {"sequence": {"N": str(head.sequence)}, "hash": {"S": head.hash}}
        self.dynamodb.put_item(TableName="registry", Item=forged | ({"seal": {"S": seal}} if seal is not None else {}))

    def restore(self) -> None:
        """Undo everything."""
        found = self.dynamodb.query(
            TableName="audit",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": self.pk}},
        )["Items"]
        for item in found:
            self.dynamodb.delete_item(TableName="audit", Key={"pk": item["pk"], "sk": item["sk"]})
        for item in self.items:
            self.dynamodb.put_item(TableName="audit", Item=item)
        self.dynamodb.put_item(TableName="registry", Item=self.head)


@pytest.fixture
def victim(organization: Organization) -> Organization:
    """An organization with a log of eight entries."""
    for number in range(7):
        organization.client.post(DEVICES, {"name": f"Pump {number}"}).ok()
    return organization


@pytest.fixture
def intruder(victim: Organization) -> Intruder:
    return Intruder(victim)


FIELDS = ("sequence", "id", "at", "actor", "action", "method", "path", "status", "sourceIp", "userAgent", "requestId",
          "changes", "moreChanges", "previousHash", "hash")  # fmt: skip


def whole(organization: Organization) -> str | None:
    return AuditLog.of(Tenant(OrganizationId(organization.id))).verify().fault


@settings(max_examples=40)
@given(data=st.data())
def test_verification_finds_an_edited_field(victim: Organization, intruder: Intruder, data: st.DataObject) -> None:
    document = dict(data.draw(st.sampled_from(intruder.documents)))
    sequence = document["sequence"]
    assert set(document) == set(FIELDS)
    field = data.draw(st.sampled_from(FIELDS))
    document[field] = data.draw(
        st.sampled_from([None, 0, 5, "", "x", [], {}, "0" * 64]).filter(lambda value: value != document[field])
    )
    intruder.put(sequence, document)
    try:
        assert whole(victim) is not None
    finally:
        intruder.restore()
    assert whole(victim) is None


@pytest.mark.parametrize("harm", ["removed", "inserted", "swapped", "garbage", "no document"])
def test_verification_finds_an_entry_out_of_place(victim: Organization, intruder: Intruder, harm: str) -> None:
    for sequence, document in enumerate(intruder.documents, 1):
        other = sequence % 8 + 1
        match harm:
            case "removed":
                intruder.delete(sequence)
            case "inserted":
                # Where none was before: between two keys, or after the last.
                key = {"pk": {"S": intruder.pk}, "sk": {"S": f"{sequence:012d}+"}}
                intruder.dynamodb.put_item(TableName="audit", Item=key | {"doc": {"S": json.dumps(document)}})
            case "swapped":
                intruder.put(sequence, intruder.documents[other - 1])
                intruder.put(other, document)
            case _:
                intruder.put(sequence, "{" if harm == "garbage" else [1, 2])
        assert whole(victim) is not None, sequence
        intruder.restore()
        assert whole(victim) is None


@settings(max_examples=30)
@given(data=st.data())
def test_verification_finds_a_log_written_anew_with_a_head_that_fits(
    victim: Organization, intruder: Intruder, data: st.DataObject
) -> None:
    """The chain alone could not tell: the head's seal does."""
    contents = [dict(document) for document in intruder.documents]
    match data.draw(
        st.sampled_from(["edited", "shorter", "same with another seal", "as if sealed by an older secret"])
    ):
        case "edited":
            contents[data.draw(st.integers(0, 7))]["action"] = "nothing"
            intruder.forge_head(intruder.rechain(contents))
        case "shorter":
            length = data.draw(st.integers(0, 7))
            for sequence in range(length + 1, 9):
                intruder.delete(sequence)
            intruder.forge_head(intruder.rechain(contents[:length]))
        case "same with another seal":
            intruder.forge_head(intruder.rechain(contents), data.draw(st.sampled_from(["", ":", "x", "x:y", "0" * 64])))
        case _:
            version = intruder.head["seal"]["S"].rpartition(":")[0]
            intruder.forge_head(intruder.rechain(contents), f"{version[::-1]}:{'0' * 64}")
    try:
        assert whole(victim) is not None
    finally:
        intruder.restore()
    assert whole(victim) is None


class TestHead:
    def test_what_is_added_does_not_heal_a_forged_head(self, organization: Organization) -> None:
        organization.client.post(DEVICES, {"name": "Pump"}).ok()
        intruder = Intruder(organization)
        contents = [dict(document) for document in intruder.documents]
        contents[1]["action"] = "nothing"
        intruder.forge_head(intruder.rechain(contents))

        for _ in range(2):
            organization.client.post(DEVICES, {"name": "Fan"}).ok()

        assert verified(organization) == {"entries": 4, "fault": "the head is not ours"}
        assert [entry["action"] for entry in entries(organization.client)][:3] == [
            "verify-audit", "create_device", "create_device",
        ]  # fmt: skip

    def test_a_log_that_was_wiped_does_not_begin_anew(self, organization: Organization) -> None:
        organization.client.post(DEVICES, {"name": "Pump"}).ok()
        intruder = Intruder(organization)
        for sequence in (1, 2):
            intruder.delete(sequence)
        intruder.dynamodb.delete_item(TableName="registry", Key=intruder.head_key)
        assert whole(organization) == "the head is not ours"

        organization.client.post(DEVICES, {"name": "Fan"}).ok()

        assert verified(organization) == {"entries": 1, "fault": "the head is not ours"}

    def test_a_log_outlives_a_rotation_of_the_secret(self, organization: Organization) -> None:
        rotate()
        assert verified(organization) == {"entries": 1, "fault": None}

        # Verifying has sealed it under the current secret.
        rotate()
        assert verified(organization) == {"entries": 2, "fault": None}
        organization.client.get("/api/v1/me")

    def test_a_log_nobody_looked_at_between_two_rotations_is_not_vouched_for(self, organization: Organization) -> None:
        rotate()
        rotate()

        assert verified(organization) == {"entries": 1, "fault": "the head is not ours"}

    def test_an_organization_s_head_does_not_vouch_for_another_s_log(
        self, organization: Organization, an_organization: Callable[..., Organization]
    ) -> None:
        second = an_organization("Umbrella")
        theirs = Intruder(second)
        mine = Intruder(organization)
        mine.put(1, theirs.documents[0])
        mine.dynamodb.put_item(TableName="registry", Item=theirs.head | mine.head_key)

        assert whole(organization) == "the head is not ours"

    def test_entries_that_come_while_it_is_verified_are_no_fault(self, log: AuditLog, calls: Calls) -> None:
        calls.begin()
        assert log.verify().fault is None
        count = len(calls.made)
        for position in range(count):
            content = a_record(log, f"meanwhile {position}")
            log.intend(content)

            def add(content: dict[str, Any] = content) -> None:
                log.append(content)

            calls.begin(meanwhile={position: add})
            assert log.verify().fault is None, position


def rotate() -> None:
    """Give the platform's secret a new version, and have every process begin anew."""
    secrets = aws_client("secretsmanager")
    secrets.put_secret_value(SecretId=deployment().secret_arn, SecretString=f"another {time.time_ns()}")
    secret._secret.cache_clear()
    secret.derived_key.cache_clear()


def test_an_unknown_organization_has_no_log(aws: None) -> None:
    with pytest.raises(NotFound):
        operator({"action": "verify-audit", "organizationId": OrganizationId.new()}, None)


def test_an_entry_is_not_about_the_call_before(organization: Organization) -> None:
    """What one call changed is not told again by the next one of the same process."""
    tenant = Tenant(OrganizationId(organization.id))
    organization.client.post(DEVICES, {"name": "Pump"}).ok()
    tenant.things(Device).add(Device(id=DeviceId.new(), name="aside"))
    organization.client.post(DEVICES, {"name": "Fan"}).ok()

    newest = entries(organization.client)[0]

    assert [thing["after"]["name"] for thing in newest["changes"]] == ["Fan"]
