"""A platform as ``make run`` starts it."""

from __future__ import annotations

from tests.e2e.conftest import a_platform, assembly

__all__ = ["a_platform", "assembly"]
