"""Devices and variables as this API shows them, and lists that are cut by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlencode

from functions.dots.models import Datasource, DeviceReference, Value, Variable
from functions.dots.values import row
from whimbrel import instants
from whimbrel.domain.fleet import Device, Sensor
from whimbrel.domain.readings import MAIN_COMPONENT, MAX_KEY
from whimbrel.domain.series import Reading
from whimbrel.http.exchange import Exchange
from whimbrel.ids import ComponentId, DeviceId
from whimbrel.problems import NotFound

MAX_LISTED = 10_000
"""So many devices or variables are counted; of more, the first are listed."""

T = TypeVar("T")


def cut(things: Iterator[T], number: int, size: int) -> tuple[int, list[T]]:
    """Return how many *things* there are, and those of a page.

    Raises:
        NotFound: there is no such page, and it is not the first.
    """
    found = list(islice(things, MAX_LISTED))
    items = found[(number - 1) * size : number * size]
    if number > 1 and not items:
        raise NotFound(f"There is no page {number}: there are {len(found)}.")
    return len(found), items


def links(exchange: Exchange, total: int, number: int, size: int) -> dict[str, Any]:
    """Return what a page says beside its results. A credential of the query does not come back in the links."""
    asked: Mapping[str, str] = exchange.event.get("queryStringParameters") or {}
    kept = {name: value for name, value in asked.items() if name not in {"token", "page"}}
    url = exchange.base_url + exchange.event["path"]

    def link(page: int) -> str:
        return f"{url}?{urlencode({**kept, 'page': page})}"

    return {
        "count": total,
        "next": link(number + 1) if number * size < total else None,
        "previous": link(number - 1) if number > 1 else None,
    }


def datasource(exchange: Exchange, device: Device) -> Datasource:
    """Return a device as it is shown."""
    url = _device_url(exchange, device.id)
    description = device.metadata.get("description")
    return Datasource(
        id=device.id,
        name=device.name,
        label=device.label or device.id,
        url=url,
        description=description if isinstance(description, str) else None,
        tags=list(device.tags),
        context={name: value for name, value in device.metadata.items() if name != "description"},
        created_at=instants.to_ms(device.created_at),
        last_activity=instants.to_ms(device.last_seen_at) if device.last_seen_at else None,
        variables_url=f"{url}/variables",
    )


def variable(exchange: Exchange, sensor: Sensor, device: Device | None, last: Reading | None = None) -> Variable:
    """Return a sensor as it is shown; its device may be gone."""
    url = f"{exchange.base_url}/v1.6/variables/{sensor.id}"
    is_of_main = sensor.component_id == ComponentId.named(sensor.device_id, MAIN_COMPONENT)
    return Variable(
        id=sensor.id,
        name=sensor.name,
        # What is not of the component `main` is addressed by its identifier.
        label=sensor.key if is_of_main else sensor.id,
        url=url,
        unit=sensor.unit,
        datasource=DeviceReference(
            id=sensor.device_id, name=device and device.name, url=_device_url(exchange, sensor.device_id)
        ),
        created_at=instants.to_ms(sensor.created_at),
        values_url=f"{url}/values",
        last_value=Value(**row(last)) if last else None,
        last_activity=last.version if last else None,
    )


def label_of(name: str) -> str:
    """Return what of a variable's name its label can hold; empty if nothing."""
    return re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-.")[:MAX_KEY]


def _device_url(exchange: Exchange, device_id: DeviceId) -> str:
    return f"{exchange.base_url}/v1.6/datasources/{device_id}"
