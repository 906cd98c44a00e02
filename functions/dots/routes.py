"""``/api/v1.6``: devices by their labels, and dots for their variables.

A device is addressed by its identifier or its label, a variable by its identifier or, within a device, by its label.
What data names for the first time is made: devices and, by the intake, variables. Some clients escape the colons of a
label in the path, and no label has a percent sign: it is unescaped whatever the gateway has done.
"""

from __future__ import annotations

from functions.dots import looking, sending, things
from functions.dots.api import resource

__all__ = ["looking", "resource", "sending", "things"]
