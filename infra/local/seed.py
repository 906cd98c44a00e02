"""What a fresh platform begins with: two demo organizations, and a file that says how to use them."""

from __future__ import annotations

import json
from typing import Any

import boto3

from infra.local.issuer import AUDIENCE, Issuer
from infra.local.journal import replace_file
from infra.local.settings import HOST, REGION, LocalSettings

OPERATOR = "functions.organizations.operator.handler"
OWNER = {"userId": "demo-owner", "email": "owner@demo.example"}
MEMBER = {"userId": "demo-member", "email": "member@demo.example"}
NEIGHBOUR = {"userId": "demo-neighbour", "email": "owner@neighbour.example"}


class SeedFailed(Exception):
    """The operator function refused; the message is its answer."""


def demo_organizations(settings: LocalSettings) -> dict[str, str]:
    """Return the ids and API keys of the two demo organizations, creating these at the first start.

    Raises:
        SeedFailed: they cannot be created.
    """
    path = settings.state_dir / "demo.json"
    if not path.exists():
        members = [{**MEMBER, "role": "MEMBER"}]
        first = _operate(action="create-organization", name="Demo", owner=OWNER, members=members)
        second = _operate(action="create-organization", name="Neighbour", owner=NEIGHBOUR)
        seeded = {
            "organizationId": first["organizationId"],
            "apiKey": first["apiKey"],
            "secondOrganizationId": second["organizationId"],
            "secondApiKey": second["apiKey"],
        }
        replace_file(path, json.dumps(seeded).encode())
    return json.loads(path.read_text())


def write_credentials(settings: LocalSettings, issuer: Issuer, organizations: dict[str, str]) -> dict[str, Any]:
    """Write ``credentials.json``, readable by its owner alone, and return what it says. Sessions are new each time."""
    organization_id = organizations["organizationId"]
    credentials = {
        "apiUrl": f"{settings.url}/api",
        **organizations,
        "userToken": _session(issuer, OWNER, organization_id),
        "memberToken": _session(issuer, MEMBER, organization_id),
        "issuer": {
            "issuer": issuer.url,
            "audience": AUDIENCE,
            "kid": issuer.kid,
            "privateKeyPath": str(issuer.key_path),
        },
        "mqtt": {"host": HOST, "port": settings.mqtt_port, "caPath": str(settings.state_dir / "ca.pem")},
        "awsEndpointUrl": settings.url,
        "awsRegion": REGION,
    }
    replace_file(settings.state_dir / "credentials.json", json.dumps(credentials, indent=2).encode())
    return credentials


def _session(issuer: Issuer, user: dict[str, str], organization_id: str) -> str:
    return issuer.token(user_id=user["userId"], email=user["email"], organization_id=organization_id)


def _operate(**event: Any) -> dict[str, Any]:
    lambdas = boto3.client("lambda")
    pages = lambdas.get_paginator("list_functions").paginate()
    name = next(
        function["FunctionName"] for page in pages for function in page["Functions"] if function["Handler"] == OPERATOR
    )
    answer = lambdas.invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise SeedFailed(f"{event['action']}: {payload}")
    return payload
