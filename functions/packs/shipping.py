"""The packs that ship with the product: a manifest in ``shipped`` each."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from whimbrel.domain.packs import PackManifest

FOLDER = Path(__file__).parent / "shipped"


@cache
def shipped() -> dict[str, PackManifest]:
    """Return the manifests that ship with the product, by key."""
    manifests = [PackManifest.model_validate_json(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))]
    return {manifest.key: manifest for manifest in manifests}
