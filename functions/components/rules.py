"""Components and the profiles they are bound to."""

from __future__ import annotations

from functions.components.models import ComponentCreate
from whimbrel.bodies import Body
from whimbrel.domain.fleet import Component
from whimbrel.domain.profiles import SensorProfile
from whimbrel.http.standard import changed, check_references, require_match
from whimbrel.ids import ComponentId
from whimbrel.store import profiles
from whimbrel.store.tenant import Tenant


def create(tenant: Tenant, body: ComponentCreate) -> Component:
    """Store a new component.

    Raises:
        AlreadyExists: the device has one of its key. InvalidRequest: it refers to what is not there.
    """
    fields = body.given()
    profiles.bind(tenant, SensorProfile, fields)
    component = Component(id=ComponentId.named(body.device_id, body.key), **fields)
    check_references(component, tenant)
    return tenant.things(Component).add(component)


def change(tenant: Tenant, component_id: ComponentId, body: Body, if_match: str | None) -> Component:
    """Store a component with the fields that *body* holds.

    Raises:
        NotFound: there is none. StaleVersion: not the one of *if_match*, or somebody else was faster.
        InvalidRequest: it refers to what is not there.
    """
    components = tenant.things(Component)
    component = components.get(component_id)
    require_match(component, if_match)
    changes = body.given()
    profiles.bind(tenant, SensorProfile, changes, component.sensor_profile_id)
    after = changed(tenant, component, changes)
    return component if after is component else components.replace(after)
