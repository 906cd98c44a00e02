"""What a client may say about a site."""

from __future__ import annotations

from whimbrel.bodies import Body
from whimbrel.domain.fleet import SiteFields


class SiteBody(SiteFields, Body):
    """A site, as a client sends it."""
