"""The generated client by itself, as anybody would use it."""

from __future__ import annotations

import json

import httpx
import pytest

from cli import generate
from cli.client import AuthenticatedClient
from cli.client.api.devices import create_device, get_device, list_devices, update_device
from cli.client.models.device import Device
from cli.client.models.device_body import DeviceBody
from cli.client.models.device_patch import DevicePatch
from cli.client.models.location_input import LocationInput
from cli.client.models.page_device import PageDevice
from cli.client.models.problem import Problem
from tests.cli.bridge import Bridge
from tests.conftest import Organization


@pytest.fixture
def client(organization: Organization) -> AuthenticatedClient:
    client = AuthenticatedClient("http://whimbrel.test", organization.api_key)
    http = httpx.Client(
        base_url="http://whimbrel.test",
        headers={"Authorization": f"Bearer {organization.api_key}"},
        transport=Bridge(),
    )
    return client.set_httpx_client(http)


def test_what_is_created_is_listed_read_and_changed(client: AuthenticatedClient) -> None:
    body = DeviceBody("Greenhouse", tags=["roof"], location=LocationInput(lat=52.5, lng=13.4))

    created = create_device.sync(client=client, body=body, idempotency_key="once")
    again = create_device.sync(client=client, body=body, idempotency_key="once")

    assert isinstance(created, Device)
    assert created == again
    listed = list_devices.sync(client=client, tag="roof")
    assert isinstance(listed, PageDevice)
    assert listed.items == [created]
    renamed = update_device.sync(created.id, client=client, body=DevicePatch(name="Shed", location=None))
    assert isinstance(renamed, Device)
    assert (renamed.name, renamed.location, renamed.tags) == ("Shed", None, ["roof"])
    assert get_device.sync(created.id, client=client) == renamed


def test_a_refusal_is_a_problem(client: AuthenticatedClient) -> None:
    answer = get_device.sync_detailed("019bb77c-e000-7bfd-8f53-4284ae410328", client=client)

    assert answer.status_code == 404
    assert isinstance(answer.parsed, Problem)
    assert answer.parsed.code == "not-found"


def test_the_client_has_every_operation_of_the_main_api() -> None:
    whole = json.loads((generate.ROOT / "openapi.json").read_text())
    names = {
        operation["operationId"]
        for operations in whole["paths"].values()
        for operation in operations.values()
        if generate.LEFT_OUT.isdisjoint(operation["tags"])
    }

    assert {path.stem for path in (generate.CLIENT / "api").glob("*/*.py")} - {"__init__"} == names
