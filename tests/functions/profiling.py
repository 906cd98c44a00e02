"""What the tests of profiles and packs say again and again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

SENSOR_PROFILES = "/api/v1/sensor-profiles"
DEVICE_PROFILES = "/api/v1/device-profiles"


def a_profile(*fields: dict[str, Any], key: str = "weather") -> dict[str, Any]:
    return {"key": key, "name": key.capitalize(), "fields": list(fields)}


def publish(client: Any, *fields: dict[str, Any], key: str = "weather") -> dict[str, Any]:
    """Publish a version of a sensor profile, and return the answer."""
    return client.post(SENSOR_PROFILES, a_profile(*fields, key=key)).ok()


def a_device_profile(**components: str) -> dict[str, Any]:
    """Return a device profile, whose components are of the sensor profiles given by identifier."""
    parts = [{"key": key, "name": key, "sensorProfileId": identifier} for key, identifier in components.items()]
    return {"key": "station", "name": "Station", "components": parts}


def fault(answer: Any) -> dict[str, Any]:
    """Return the first fault of a refusal for what was sent."""
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, answer.body
    return answer.json()["errors"][0]
