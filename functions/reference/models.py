"""What the platform tells about itself."""

from __future__ import annotations

from typing import Literal

from whimbrel.bodies import Wire


class Health(Wire):
    """Whether the platform can serve."""

    status: Literal["UP", "DOWN"]
