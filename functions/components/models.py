"""What a client may say about a component."""

from __future__ import annotations

from whimbrel.bodies import Body, Key
from whimbrel.domain.fleet import ComponentFields
from whimbrel.http.standard import patch_of
from whimbrel.ids import DeviceId


class ComponentBody(ComponentFields, Body):
    """What can be changed of a component."""


ComponentPatch = patch_of(ComponentBody)


class ComponentCreate(ComponentBody):
    """A new component: where it is and how data names it, for good."""

    device_id: DeviceId
    key: Key
