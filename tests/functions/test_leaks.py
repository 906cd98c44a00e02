"""Where secrets are: in the one answer that shows them, and nowhere else."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import tomllib
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from functions.authorizer.authorize import handler as authorize
from functions.organizations.operator import handler as operator
from tests.conftest import Organization
from tests.functions import exporting
from tests.functions.conftest import a_csr
from tests.functions.sessions import session
from tests.gateway import ROOT, Answer, Client
from tests.watching import watched
from whimbrel.domain import credentials
from whimbrel.domain.credentials import ALPHABET, PREFIXES, new_public_part, whole
from whimbrel.domain.provisioning import Token
from whimbrel.ids import DeviceId
from whimbrel.logs import log

NO_PLACES = 12
"""So many places are searched at least."""


@dataclass
class Tour:
    """A way through the API that meets every kind of secret; what was answered, sent to AWS and logged on the way."""

    canaries: dict[str, str] = field(default_factory=dict)
    """Each secret by what it is."""
    shown: dict[str, list[Answer]] = field(default_factory=dict)
    """The answers that may show it."""
    answers: list[Answer] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    """Every call to AWS, with its parameters, but for what the platform's secret is read with."""

    def secret(self, name: str, text: str, *shown: Answer) -> None:
        self.canaries[name] = text
        self.shown[name] = list(shown)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """All that any logger writes, down to the last detail."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Everything())
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.INFO)
    log.setLevel(logging.DEBUG)
    yield written
    log.setLevel(logging.INFO)
    root.setLevel(level)
    root.removeHandler(handler)


class Everything(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        stack = traceback.format_exception(*record.exc_info) if record.exc_info else []
        return f"{record.__dict__} {record.getMessage()} {''.join(stack)}"


@pytest.mark.usefixtures("iot_core", "issuer")
def test_no_secret_is_anywhere_but_in_the_answer_that_shows_it(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tour = Tour()

    def send(operation: str, params: dict[str, Any]) -> None:
        tour.sent.append(f"{operation} {params!r}")

    request = Client.request

    def noted(client: Client, *arguments: Any, **options: Any) -> Answer:
        answer = request(client, *arguments, **options)
        tour.answers.append(answer)
        return answer

    monkeypatch.setattr(Client, "request", noted)
    with watched(before=send):
        taken(tour)

    places = {"logs": stream.getvalue(), **stored(), "calls to AWS": "\n".join(tour.sent), **contexts(tour)}
    places |= {f"printed to {name}": text for name, text in zip(("stdout", "stderr"), capsys.readouterr(), strict=True)}
    found = [
        f"{name} in {place}"
        for place, text in places.items()
        for name, secret in tour.canaries.items()
        if secret in text
    ]
    for name, secret in tour.canaries.items():
        assert secret, name
        told = [answer for answer in tour.answers if secret in answer.body or secret in repr(answer.headers)]
        assert all(answer in tour.shown[name] for answer in told), f"{name} in another answer"
        assert told == [] if name.endswith("(of the client)") else told, f"{name} is not what is shown"
    assert found == []
    assert len(places) >= NO_PLACES
    assert len(tour.canaries) >= 9
    # What was searched was not empty, and is searched for what is there.
    assert sum(map(bool, places.values())) >= NO_PLACES - 3
    assert all(name in "".join(places.values()) for name in ("Pump", "create_api_key", "cannot take"))
    with capsys.disabled():
        print(f"\n{len(tour.canaries)} secrets looked for in {len(places)} places: {', '.join(places)}")


def taken(tour: Tour) -> None:
    """Go through the API, also by ways that fail."""
    owner = {"userId": "olga", "email": "olga@example.com"}
    made = operator({"action": "create-organization", "name": "Works", "owner": owner}, None)
    client = Client(made["apiKey"])
    tour.secret("first key (of the client)", secret_of(made["apiKey"]))
    olga = session("olga", made["organizationId"])
    tour.secret("session (of the client)", str(olga.token).partition(".")[2])

    named = {"Idempotency-Key": "one"}
    key = client.post("/api/v1/api-keys", {"name": "k", "scopes": ["devices:read"]}, headers=named)
    again = client.post("/api/v1/api-keys", {"name": "k", "scopes": ["devices:read"]}, headers=named)
    assert again.json() == key.json()
    tour.secret("API key", secret_of(key.json()["key"]), key, again)
    rotated = client.post(f"/api/v1/api-keys/{key.json()['id']}/rotate", {})
    tour.secret("rotated key", secret_of(rotated.json()["key"]), rotated)
    Client(rotated.json()["key"]).get("/api/v1/me").ok()
    token = olga.post("/api/v1/access-tokens", {"name": "laptop"})
    tour.secret("access token", secret_of(token.json()["token"]), token)
    Client(token.json()["token"].replace("pat_", "omni_")).get("/api/v1/me").ok()

    registered(tour, client)
    moved(tour, client, made)
    mistaken(tour, client, key.json()["key"])
    client.get("/api/v1/audit-log?limit=200").ok()
    client.get("/api/v1/api-keys").ok()
    client.delete(f"/api/v1/api-keys/{key.json()['id']}")


def registered(tour: Tour, client: Client) -> None:
    """Have a device registered, well and badly."""
    device = client.post("/api/v1/devices/registration/tokens", {"deviceName": "Pump"})
    tour.secret("registration token", device.json()["token"].rpartition(".")[2], device)
    batch = client.post("/api/v1/devices/registration/batch", {"deviceNames": ["a", "b"]})
    tour.secret("registration token of many", secret_of_many(batch), batch)
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    tour.secret("private key (of the client)", pem.splitlines()[1])
    body = {"token": device.json()["token"], "csrPem": a_csr(private)}
    Client().post("/api/v1/devices/provision", body).ok()
    Client().post("/api/v1/devices/provision", body | {"csrPem": a_csr()})
    Client().post("/api/v1/devices/provision", body | {"csrPem": pem})
    Client().post("/api/v1/devices/provision", body | {"token": body["token"][:-1] + "x"})


def moved(tour: Tour, client: Client, made: dict[str, str]) -> None:
    """Have links and forms made, for an export and an import."""
    world = exporting.a_world(client, Organization(made["organizationId"], made["apiKey"], client))
    asked = world.ask().ok()
    exporting.played(world.organization_id, asked["id"])
    ready = client.get(f"/api/v1/exports/{asked['id']}")
    [signature] = re.findall(r"X-Amz-Signature=([0-9a-f]+)", ready.json()["downloadUrl"])
    tour.secret("signature of a link", signature, ready)
    form = client.post("/api/v1/imports", {"format": "CSV"})
    tour.secret("signature of a form", form.json()["upload"]["fields"]["x-amz-signature"], form)


def mistaken(tour: Tour, client: Client, key: str) -> None:
    """Get it wrong; it is repeated to nobody either."""
    wrong = whole(new_public_part("sk_live_"))
    tour.secret("key that nobody made", secret_of(wrong))
    for client_with in (Client(wrong), Client(f"{wrong}x"), Client(f"eyJ{wrong}.{wrong}.{wrong}")):
        assert client_with.get("/api/v1/me").status_code == HTTPStatus.UNAUTHORIZED
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("functions.authorizer.authorize._context_of", fails)
        Client(wrong).get("/api/v1/me")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("functions.devices.rules.create", fails)
        client.post("/api/v1/devices", {"name": f"of {key}"})
    client.post("/api/v1/devices", {"name": "Pump", "noSuchField": key})
    # It is in the address, and so in the answer to whoever sent it.
    tour.shown["key that nobody made"].append(client.get(f"/api/v1/devices/{wrong}"))


def fails(*arguments: Any) -> None:
    raise ValueError(f"cannot take {arguments!r}")


def secret_of(text: str) -> str:
    """Return what only its owner knows of a credential."""
    return text[len(credentials.public_part(text)) :]


def secret_of_many(batch: Answer) -> str:
    [text, *_] = re.findall(r"\.([0-9A-Za-z_-]{32})\W", batch.body)
    return text


def stored() -> dict[str, str]:
    """Return everything that AWS keeps for us, by where."""
    kept: dict[str, str] = {}
    dynamodb, s3, sqs = boto3.client("dynamodb"), boto3.client("s3"), boto3.client("sqs")
    for table in dynamodb.list_tables()["TableNames"]:
        items = dynamodb.scan(TableName=table)["Items"]
        kept[f"table {table}"] = repr([[legible(value) for value in item.values()] for item in items])
    for each in s3.list_objects_v2(Bucket="exports").get("Contents", []):
        kept[f"object {each.get('Key', '').rpartition('.')[2]}"] = each.get("Key", "") + repr(
            s3.get_object(Bucket="exports", Key=each.get("Key", ""))["Body"].read()
        )
    for url in sqs.list_queues().get("QueueUrls", []):
        kept[f"queue {url.rpartition('/')[2]}"] = repr(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10))
    machines = boto3.client("stepfunctions")
    for machine in machines.list_state_machines()["stateMachines"]:
        runs = machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        described = [machines.describe_execution(executionArn=run["executionArn"]) for run in runs]
        kept[f"workflow {machine['name']}"] = repr(described)
    iot = boto3.client("iot")
    kept["things"] = repr(iot.list_things()["things"])
    certificates = iot.list_certificates()["certificates"]
    kept["certificates"] = repr(
        [iot.describe_certificate(certificateId=each.get("certificateId", "")) for each in certificates]
    )
    return kept


def legible(value: Any) -> Any:
    """Return the value of an attribute, inflated if it was deflated."""
    [content] = value.values()
    with suppress(TypeError, zlib.error):
        return zlib.decompress(content)
    return content


def contexts(tour: Tour) -> dict[str, str]:
    """Return what the authorizer tells the gateway, which hands it to every function and keeps it for a minute."""
    made = [json.loads(answer.body) for answer in tour.answers if answer.status_code == HTTPStatus.CREATED]
    texts = [each.get("key") or each.get("token") for each in made]
    told: list[Any] = []
    for text in texts:
        event = {"headers": {"Authorization": f"Bearer {text}"}, "methodArn": "arn:aws:execute-api:x:1:a/api/GET/"}
        try:
            told.append(authorize(event, None))
        except Exception as refused:  # noqa: BLE001 (revoked, or no credential)
            told.append(repr(refused))
    return {"context of the authorizer": repr(told)}


def test_an_unknown_key_and_a_wrong_secret_cost_the_same_work(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: the calls to AWS, and the MACs that are computed and compared."""
    known = organization.api_key
    public = credentials.public_part(known)
    other = whole(public)
    unknown = whole(new_public_part("sk_live_"))
    assert other != known
    digest, compare = credentials.digest, credentials.hmac.compare_digest
    work: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        work[name] += 1
        return function(*arguments)

    monkeypatch.setattr("whimbrel.store.credentials.digest", partial(counted, "digest", digest))
    monkeypatch.setattr("whimbrel.store.credentials.hmac.compare_digest", partial(counted, "compared", compare))

    def cost(text: str) -> Counter[str]:
        work.clear()
        with watched(before=lambda operation, _: work.update([operation])):
            Client(text).get("/api/v1/me")
        return work.copy()

    first = cost(unknown)
    assert cost(unknown) == cost(other) == first
    assert first["digest"] >= 1
    assert first["compared"] >= 1
    assert first["GetItem"] == 1
    assert cost(known)["digest"] == first["digest"]


# What finds our credentials in a repository.

RULES = tomllib.loads((ROOT / ".gitleaks.toml").read_text())["rules"]


def found_in(text: str) -> list[str]:
    """Return the rules that find something in a text, as gitleaks applies them: first the keyword, then the form."""
    return [
        rule["id"]
        for rule in RULES
        if any(keyword in text.lower() for keyword in rule["keywords"]) and re.search(rule["regex"], text)
    ]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_new_credential_is_found(prefix: str) -> None:
    for _ in range(200):
        text = whole(new_public_part(prefix))
        for around in ("{}", "key = '{}'\n", "https://x/?k={}&y", "Bearer {}", "KEY={};"):
            assert found_in(around.format(text)) == ["whimbrel-credential"]


def test_every_new_registration_token_is_found() -> None:
    for _ in range(200):
        token = Token.new(DeviceId.new())
        assert found_in(f"token: {token.id}.{token.device_id}.{token.secret}") == ["whimbrel-registration-token"]


def test_what_is_public_of_a_credential_is_not_found() -> None:
    assert found_in(f"{new_public_part('sk_live_')} {DeviceId.new()}.{DeviceId.new()} sk_live_{'…'}") == []
    assert set(ALPHABET) == set("".join(chr(code) for code in range(128) if chr(code).isalnum()))


def test_no_file_of_the_repository_has_a_credential() -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name.decode() for name in files.split(b"\0") if name]

    leaking = {
        path.relative_to(ROOT).as_posix(): rules
        for path in paths
        if path.is_file() and (rules := found_in(path.read_bytes().decode("utf-8", "replace")))
    }

    assert len(paths) > 200
    assert leaking == {}
