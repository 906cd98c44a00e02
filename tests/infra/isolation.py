"""Everything a tenant could ask of another's data, put to the policies of the template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from functions.catalogue import FUNCTIONS
from infra.isolation.evaluator import Decision, Request, judge
from infra.isolation.policies import Policies, Principal, Role
from infra.isolation.requests import LEADING_KEYS, requests_of

ORGANIZATIONS = (
    "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
    "1190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",  # another first digit
    "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c",  # another last digit
    "0190a1b3-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
    "0190a1b2-c3d5-7e5f-8a6b-7c8d9e0f1a2b",
    "0190a1b2-c3d4-7e5e-8a6b-7c8d9e0f1a2b",
    "0190a1b2-c3d4-7e5f-9a6b-7c8d9e0f1a2b",
    "0190a1b2-c3d4-7e5f-8a6c-7c8d9e0f1a2b",
    "0190a1b2-c3d4-7e5f-8a6b-8c8d9e0f1a2b",
    "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a3b",
    "00000000-0000-7000-8000-000000000000",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
)
"""Most differ from the first in one digit; the last two are the least and the greatest."""
A_FEW = (ORGANIZATIONS[0], ORGANIZATIONS[2])
"""Enough for a mutant: what is open to one neighbour is open."""
HOSTILE_TAGS = (
    "",
    "*",
    "a",
    "a#b",
    "?",
    "${aws:PrincipalTag/org}",
    "?" * 36,
    *(f"{ORGANIZATIONS[0]}{more}" for more in ("#", "x", "*", "/..", "#device", "?")),
    ORGANIZATIONS[0][:-1],
    ORGANIZATIONS[0][:-1] + "*",
    ORGANIZATIONS[0][:-1] + "?",
    ORGANIZATIONS[0].replace("-", "*"),
)
"""What somebody might try to be tagged with who cannot be another organization itself."""
DEVICE = "0190a1b2-c3d4-7e5f-8a6b-000000000001"
NAMES = {
    "REGISTRY_TABLE": "registry",
    "AUTH_TABLE": "auth",
    "LOG_TABLE": "log",
    "BLOCKS_TABLE": "blocks",
    "AUDIT_TABLE": "audit",
    "EXPORTS_BUCKET": "exports",
}
REGION, ACCOUNT = "eu-central-1", "123456789012"
TABLES = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/"
BUCKET = "arn:aws:s3:::exports"

KEYS = {
    "registry": ("ORG#{}#device", "ORG#{}#limit"),
    "registry/index/by_parent": (f"ORG#{{}}#{DEVICE}",),
    "log": ("L#{}#0#2026-01-01", "L#{}#lanes"),
    "blocks": (f"B#{{}}#{DEVICE}",),
    "audit": ("ORG#{}#2026-01",),
}
"""The partitions of a tenant, by table or index."""
ITEM_ACTIONS = ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem")
NEVER = ("Scan", "BatchGetItem", "PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete")
"""On items, and granted to nobody, not even on what is its own."""
TABLE_ACTIONS = (
    "DescribeTable", "DeleteTable", "UpdateTable", "ExportTableToPointInTime", "CreateBackup", "UpdateTimeToLive",
    "PutResourcePolicy", "GetRecords", "GetShardIterator", "ListStreams", "EnableKinesisStreamingDestination",
)  # fmt: skip
OBJECTS = ("organizations/{}/exports/x.zip", "organizations/{}/imports/x/file", "organizations/{}/x", "{}/x")
OBJECT_ACTIONS = ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload")
NEVER_ON_OBJECTS = ("GetObjectVersion", "DeleteObjectVersion", "PutObjectAcl", "GetObjectAcl", "PutObjectTagging")
BUCKET_ACTIONS = ("ListBucket", "ListBucketVersions", "ListBucketMultipartUploads", "PutBucketPolicy", "DeleteBucket")


@dataclass(slots=True)
class Proof:
    """How much was decided, what was open that must not be, and what was allowed on one's own."""

    decisions: int = 0
    opened: list[str] = field(default_factory=list[str])
    own: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    """Function, action and resource."""

    def closed(self, who: str, principal: Principal, request: Request, policies: Policies) -> None:
        """Decide *request*, which must be refused."""
        if self.decided(principal, request, policies):
            self.opened.append(f"{who} of {principal.organization_id}: {request}")

    def decided(self, principal: Principal, request: Request, policies: Policies) -> bool:
        """Decide *request*."""
        self.decisions += 1
        return principal.may(request, policies)


def examine(policies: Policies, functions: Iterable[str] = (), organizations: tuple[str, ...] = ORGANIZATIONS) -> Proof:
    """Put everything to the roles of *functions* (all if none are named), for all pairs of *organizations*."""
    proof = Proof()
    for spec in FUNCTIONS:
        if functions and spec.name not in functions:
            continue
        roles = policies.functions[spec.import_path]
        principals = [Principal(roles.own)]
        if roles.tenant:
            principals += [Principal(roles.tenant), *(Principal(roles.tenant, each) for each in organizations)]
            _minting(proof, policies, spec.name, roles.tenant, roles.own)
        for principal in principals:
            _items(proof, policies, spec.name, principal, organizations)
            _objects(proof, policies, spec.name, principal, organizations)
        if judge(roles.own.statements, Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x")) is Decision.ALLOWED:
            proof.opened.append(f"{spec.name} may assume any role")
    return proof


def _items(proof: Proof, policies: Policies, who: str, principal: Principal, organizations: tuple[str, ...]) -> None:
    mine = principal.organization_id
    for table, patterns in KEYS.items():
        resource = TABLES + table
        for action in TABLE_ACTIONS:
            proof.closed(who, principal, Request(f"dynamodb:{action}", resource), policies)
            proof.closed(who, principal, Request(f"dynamodb:{action}", f"{resource}/stream/x"), policies)
        for action, pattern in product((*ITEM_ACTIONS, *NEVER), patterns):
            proof.closed(who, principal, Request(f"dynamodb:{action}", resource), policies)
            proof.closed(who, principal, _on(action, resource), policies)
            for organization in organizations:
                theirs = pattern.format(organization)
                if organization != mine:
                    proof.closed(who, principal, _on(action, resource, theirs), policies)
                    own = pattern.format(mine or DEVICE)
                    proof.closed(who, principal, _on(action, resource, own, theirs), policies)
                elif action in NEVER:
                    proof.closed(who, principal, _on(action, resource, theirs), policies)
                else:
                    # Another table, and any key but a tenant's, are as closed as another tenant.
                    proof.closed(who, principal, _on(action, f"{TABLES}other", theirs), policies)
                    proof.closed(who, principal, _on(action, f"{TABLES}auth", theirs), policies)
                    proof.closed(who, principal, _on(action, resource, "L#organizations"), policies)
                    proof.closed(who, principal, _on(action, resource, "READY"), policies)
                    if proof.decided(principal, _on(action, resource, theirs), policies):
                        proof.own.add((who, action, table))


def _on(action: str, resource: str, *keys: str) -> Request:
    return Request(f"dynamodb:{action}", resource, {LEADING_KEYS: keys})


def _objects(proof: Proof, policies: Policies, who: str, principal: Principal, organizations: tuple[str, ...]) -> None:
    for action in BUCKET_ACTIONS:
        proof.closed(who, principal, Request(f"s3:{action}", BUCKET), policies)
        for organization in organizations:
            prefix = {"s3:prefix": f"organizations/{organization}/"}
            proof.closed(who, principal, Request(f"s3:{action}", BUCKET, prefix), policies)
    for organization, pattern in product(organizations, OBJECTS):
        key = f"{BUCKET}/{pattern.format(organization)}"
        for action in NEVER_ON_OBJECTS:
            proof.closed(who, principal, Request(f"s3:{action}", key), policies)
        for action in OBJECT_ACTIONS:
            request = Request(f"s3:{action}", key)
            if organization != principal.organization_id or pattern not in OBJECTS[:2]:
                proof.closed(who, principal, request, policies)
            elif proof.decided(principal, request, policies):
                proof.own.add((who, action, pattern))


def _minting(proof: Proof, policies: Policies, who: str, tenant: Role, own: Role) -> None:
    """Only its own function gets sessions of a tenant role, and only with one tag of the right shape."""
    a = ORGANIZATIONS[0]
    stranger = Role(f"arn:aws:iam::{ACCOUNT}:role/x", (), _anything())
    of_another_account = Role("arn:aws:iam::210987654321:role/x", (), _anything())
    others = [roles.own for roles in policies.functions.values() if roles.own is not own]
    others += [roles.tenant for roles in policies.functions.values() if roles.tenant]
    # Whatever another role's policy says, the trust policy has the last word: so it may ask for anything here.
    everybody = [stranger, of_another_account, *(Role(role.arn, (), _anything()) for role in others)]
    for role in everybody:
        proof.closed(f"{role.arn} as {who}", Principal(role), _session(policies, tenant, {"org": a}), policies)
    principal = Principal(Role(own.arn, (), (*own.statements, *_anything())))
    for tags in (
        {}, {"Org": a, "x": a}, {"tenant": a}, {"org": a, "admin": "true"}, *({"org": tag} for tag in HOSTILE_TAGS),
    ):  # fmt: skip
        proof.closed(f"{who} tagged {tags}", principal, _session(policies, tenant, tags), policies)
    for request in requests_of("sts", "AssumeRole", _parameters(tenant, {"org": a}), policies):
        if proof.decided(Principal(own), request, policies):
            proof.own.add((who, request.action, "tenant role"))


def _session(policies: Policies, tenant: Role, tags: dict[str, str]) -> Request:
    return requests_of("sts", "AssumeRole", _parameters(tenant, tags), policies)[0]


def _parameters(tenant: Role, tags: dict[str, str]) -> dict[str, Any]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"RoleArn": tenant.arn, "RoleSessionName": "x", "Tags": listed}


def _anything() -> tuple[dict[str, Any], ...]:
    return ({"Effect": "Allow", "Action": "*", "Resource": "*"},)


THING = "0190a1b2-c3d4-7e5f-8a6b-000000000002"


def examine_devices(policies: Policies, organizations: tuple[str, ...] = ORGANIZATIONS) -> Proof:
    """Put to the policy of devices what one of each organization might do to those of all others, and to the rest."""
    proof = Proof()
    for mine in organizations:
        context = {
            "iot:connection.thing.thingname": DEVICE,
            "iot:connection.thing.attributes[org]": mine,
            "iot:connection.thing.isattached": "true",
        }
        device = Principal(Role("device", (), policies.device))
        for theirs, thing in product(organizations, (DEVICE, THING)):
            for request in _of_a_device(theirs, thing):
                allowed = proof.decided(device, request.with_context(context), policies)
                about_itself = thing == DEVICE and (theirs == mine or request.action == "iot:Connect")
                if allowed and not about_itself:
                    proof.opened.append(f"{DEVICE} of {mine}: {request}")
                elif allowed:
                    proof.own.add(("device", request.action, request.resource))
                # Of a certificate without a thing no variable has a value.
                proof.closed("device", device, request, policies)
        for request in _of_nobody(mine):
            proof.closed("device", device, request.with_context(context), policies)
    return proof


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:{kind}/{name}"


def _of_a_device(organization: str, thing: str) -> Iterator[Request]:
    yield Request("iot:Connect", _arn("client", thing))
    names = ("commands", "commands/response", "health", "status", "config/reported", "firmware", "x")
    topics = [
        f"v1/readings/{organization}/{thing}",
        f"$aws/rules/whimbrel_local_readings/v1/readings/{organization}/{thing}",
    ]
    topics += [f"v1/gateways/{organization}/{thing}/{name}" for name in names]
    for topic in topics:
        for action in ("Publish", "RetainPublish", "Receive"):
            yield Request(f"iot:{action}", _arn("topic", topic))
        yield Request("iot:Subscribe", _arn("topicfilter", topic))


def _of_nobody(mine: str) -> Iterator[Request]:
    """Yield what no device may do, whose ever it is."""
    filters = (
        "#", "+/#", "v1/#", "v1/gateways/#", f"v1/gateways/{mine}/#", f"v1/gateways/{mine}/+/commands",
        f"v1/gateways/+/{DEVICE}/commands", f"v1/gateways/{mine}/{DEVICE}/#", f"v1/gateways/{mine}/{DEVICE}/+",
        "v1/readings/#", f"v1/readings/{mine}/+", "$aws/#", "$aws/events/#", f"$aws/things/{DEVICE}/shadow/#",
    )  # fmt: skip
    topics = (
        "$aws/rules/other/x", f"$aws/things/{DEVICE}/shadow/update", f"$aws/things/{DEVICE}/jobs/get",
        f"$aws/events/presence/connected/{DEVICE}", "v1/readings", f"v1/readings/{mine}", "x",
        f"v1/readings/{mine}/{DEVICE}/x", f"v1/readings/{mine}/{DEVICE}x", f"v1/readings/x{mine}/{DEVICE}",
    )  # fmt: skip
    for topic in filters:
        yield Request("iot:Subscribe", _arn("topicfilter", topic))
    for topic in (*topics, *filters):
        for action in ("Publish", "RetainPublish", "Receive"):
            yield Request(f"iot:{action}", _arn("topic", topic))
    for client in ("*", "x", "", mine):
        yield Request("iot:Connect", _arn("client", client))
