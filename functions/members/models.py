"""What a client may say about a member."""

from __future__ import annotations

from pydantic import MISSING

from whimbrel.auth import Role
from whimbrel.bodies import Body


class MemberPatch(Body):
    """What can be changed of a member."""

    role: Role | MISSING = MISSING
