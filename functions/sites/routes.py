"""``/api/v1/sites``: where devices stand."""

from __future__ import annotations

from functions.sites.models import SiteBody
from whimbrel.auth import Scope
from whimbrel.domain.fleet import Device, Site
from whimbrel.http.resource import Resource
from whimbrel.http.standard import StandardMethods

resource = Resource("/api/v1/sites", tag="Sites")

StandardMethods(
    entity=Site,
    create=SiteBody,
    fields=SiteBody,
    read=Scope.DEVICES_READ,
    write=Scope.DEVICES_WRITE,
    singular="site",
    plural="sites",
    children=(Device,),
).register(resource)
