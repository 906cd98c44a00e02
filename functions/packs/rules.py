"""Packs: offered, installed and upgraded at once or not at all, and removed when nothing of theirs is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from functions.packs.models import PackChange, PackDetails, PackOutcome, PackSource, PackSummary
from functions.packs.shipping import shipped
from whimbrel import instants
from whimbrel.domain.annotations import Annotation, AnnotationClass, AnnotationClassId
from whimbrel.domain.packs import (
    Pack,
    PackAnnotationClass,
    PackConflict,
    PackDeviceProfile,
    PackManifest,
    PackPart,
    PackRelease,
    order,
)
from whimbrel.domain.profiles import (
    Change,
    DeviceProfile,
    DeviceProfileFields,
    Profile,
    ProfileComponent,
    ProfileLine,
    SensorProfile,
)
from whimbrel.http.standard import InUse
from whimbrel.problems import NotFound, Unavailable
from whimbrel.store import profiles
from whimbrel.store.tenant import Tenant
from whimbrel.store.transactions import MAX_PARTS

ATTEMPTS = 5
PROFILES: dict[str, type[Profile[Any]]] = {entity.kind: entity for entity in (SensorProfile, DeviceProfile)}


def summaries(tenant: Tenant) -> list[PackSummary]:
    """Return all packs of the product and of the organization, by key."""
    packs = {pack.key: pack for pack in tenant.things(Pack).all()}
    offered = [_summary(packs.get(key), manifest) for key, manifest in shipped().items()]
    own = [_uploaded_summary(pack) for key, pack in packs.items() if key not in shipped() and pack.uploaded]
    return sorted([*offered, *own], key=lambda summary: summary.key)


def details(tenant: Tenant, key: str) -> PackDetails:
    """Return the pack *key*.

    Raises:
        NotFound: there is none.
    """
    pack = _find(tenant, key)
    manifest = _newest(tenant, pack, key)
    parts = list(pack.parts) if pack else []
    return PackDetails(**dict(_summary(pack, manifest)), manifest=manifest, parts=parts)


def upload(tenant: Tenant, manifest: PackManifest) -> None:
    """Offer a pack, or its next version; sending the same again is harmless.

    Raises:
        PackConflict: the key is the product's, or the version is not above the newest one and says something else.
        Unavailable: others kept changing the pack.
    """
    if manifest.key in shipped():
        raise PackConflict(f"{manifest.key} ships with the product; choose another key.")
    packs, releases = tenant.things(Pack), tenant.things(PackRelease)
    release = PackRelease(
        id=PackRelease.identifier(tenant.organization_id, manifest.key, manifest.version), manifest=manifest
    )
    for _ in range(ATTEMPTS):
        pack = _find(tenant, manifest.key)
        there = releases.find(release.id)
        if there and there.manifest == manifest:
            return
        if pack and pack.uploaded and order(pack.uploaded) >= order(manifest.version):
            raise PackConflict(f"Version {pack.uploaded} is there already; give what has changed a higher one.")
        offer: dict[str, Any] = {
            "uploaded": manifest.version,
            "name": manifest.name,
            "description": manifest.description,
            "releases": (*(pack.releases if pack else ()), manifest.version),
        }
        if pack:
            part = packs.replacing(pack.next_version(**offer))
        else:
            part = packs.adding(Pack(id=_identifier(tenant, manifest.key), key=manifest.key, **offer))
        if not tenant.commit([releases.adding(release), part]):
            return
    raise Unavailable("Others are changing the same pack; send this again in a moment.")


def install(tenant: Tenant, key: str) -> PackOutcome:
    """Install the newest version of a pack.

    Raises:
        NotFound: there is no such pack. PackConflict: another version is installed, or something is in its way.
        Unavailable: others kept changing the same things.
    """
    pack = _find(tenant, key)
    newest = _newest(tenant, pack, key).version
    if pack and pack.installed and pack.installed != newest:
        raise PackConflict(f"Version {pack.installed} is installed; upgrade it to {newest}.")
    return _bring_up(tenant, key)


def upgrade(tenant: Tenant, key: str) -> PackOutcome:
    """Bring an installed pack to its newest version.

    Raises:
        NotFound: there is no such pack. PackConflict: it is not installed, or something is in its way.
        Unavailable: others kept changing the same things.
    """
    pack = _find(tenant, key)
    newest = _newest(tenant, pack, key).version
    if pack is None or pack.installed is None:
        raise PackConflict("It is not installed; install it.")
    if order(pack.installed) > order(newest):
        raise PackConflict(f"Version {pack.installed} is installed, and above {newest}.")
    return _bring_up(tenant, key)


def remove(tenant: Tenant, key: str) -> None:
    """Remove a pack and all that it has made.

    What it made in many upgrades may take several transactions; the pack goes with the last, so that a removal that
    was cut off can be repeated.

    Raises:
        NotFound: there is none. InUse: something uses what it has made. PackConflict: a shipped one, not installed.
        Unavailable: others kept changing the same things.
    """
    for _ in range(ATTEMPTS):
        pack = _find(tenant, key)
        if pack is None:
            _newest(tenant, pack, key)
            raise PackConflict("It ships with the product and is not installed: there is nothing to remove.")
        _require_unused(tenant, pack)
        parts = list(_removals(tenant, pack))
        chunks = (parts[start : start + MAX_PARTS] for start in range(0, len(parts), MAX_PARTS))
        if not any(tenant.commit(chunk) for chunk in chunks):
            return
    raise Unavailable("Others are changing the same things; send this again in a moment.")


@dataclass(slots=True)
class _Plan:
    """What bringing a pack to a version writes, and what that is to the organization."""

    tenant: Tenant
    pack: Pack | None
    writes: list[dict[str, Any]] = field(default_factory=list)
    made: list[PackPart] = field(default_factory=list)
    changes: list[PackChange] = field(default_factory=list)

    def add_profiles(self, manifest: PackManifest) -> None:
        """Publish the profiles, those of devices with the sensor profiles as they will be."""
        sensor_profiles: dict[str, SensorProfile] = {}
        for sensor_profile in manifest.sensor_profiles:
            published = profiles.plan(self.tenant, SensorProfile, sensor_profile)
            sensor_profiles[sensor_profile.key] = published.profile
            self._note(published)
        for device_profile in manifest.device_profiles:
            fields = _resolved(device_profile, sensor_profiles)
            self._note(profiles.plan(self.tenant, DeviceProfile, fields))

    def add_class(self, wanted: PackAnnotationClass) -> None:
        """Make an annotation class, or bring the pack's own up to date.

        Raises:
            PackConflict: there is one of that key that says something else, and it is not the pack's.
        """
        classes = self.tenant.things(AnnotationClass)
        identifier = AnnotationClassId.named(self.tenant.organization_id, wanted.key)
        fields = wanted.given()
        there = classes.find(identifier)
        if there is None:
            self.writes.append(classes.adding(AnnotationClass(id=identifier, **fields)))
            self.made.append(PackPart(kind="annotation_class", id=identifier, key=wanted.key))
            self._tell("annotation_class", wanted.key, None, Change.INITIAL, [])
            return
        differing = [name for name, value in fields.items() if getattr(there, name) != value]
        if not differing:
            self._tell("annotation_class", wanted.key, None, Change.NONE, [])
            return
        if not self.pack or identifier not in {part.id for part in self.pack.made("annotation_class")}:
            raise PackConflict(f"There is an annotation class {wanted.key} already, and it differs in {differing[0]}.")
        self.writes.append(classes.replacing(there.next_version(**fields)))
        grown = (
            there.scopes <= wanted.scopes
            and all(each in wanted.fields for each in there.fields)
            and all(each in there.fields or not each.required for each in wanted.fields)
        )
        change = Change.ADDITIVE if grown else Change.BREAKING
        self._tell("annotation_class", wanted.key, None, change, [f"the {name} changed" for name in differing])

    def _note(self, published: profiles.Publication[Any]) -> None:
        profile = published.profile
        kind = profile.kind
        if published.parts:
            self.made.append(PackPart(kind=kind, id=profile.id, key=profile.key, version=profile.number))
        # What is there already has to stay there.
        self.writes += published.parts or [self.tenant.things(type(profile)).requiring(profile.id)]
        self._tell(kind, profile.key, profile.number, published.change, published.reasons)

    def _tell(self, kind: Any, key: str, version: str | None, change: Change, reasons: list[str]) -> None:
        self.changes.append(PackChange(kind=kind, key=key, version=version, change=change, reasons=reasons))


def _bring_up(tenant: Tenant, key: str) -> PackOutcome:
    packs, releases = tenant.things(Pack), tenant.things(PackRelease)
    for _ in range(ATTEMPTS):
        pack = _find(tenant, key)
        manifest = _newest(tenant, pack, key)
        if pack and pack.installed == manifest.version:
            return PackOutcome(**dict(details(tenant, key)), changes=[])
        plan = _Plan(tenant, pack)
        plan.add_profiles(manifest)
        for wanted in manifest.annotation_classes:
            plan.add_class(wanted)
        state: dict[str, Any] = {
            "name": manifest.name,
            "description": manifest.description,
            "installed": manifest.version,
            "installed_at": instants.now(),
            "parts": (*(pack.parts if pack else ()), *plan.made),
        }
        # A shipped version is kept as well: another one may ship with the next deployment.
        if not pack or manifest.version not in pack.releases:
            identifier = PackRelease.identifier(tenant.organization_id, key, manifest.version)
            plan.writes.append(releases.adding(PackRelease(id=identifier, manifest=manifest)))
            state["releases"] = (*(pack.releases if pack else ()), manifest.version)
        if pack:
            plan.writes.append(packs.replacing(pack.next_version(**state)))
        else:
            plan.writes.append(packs.adding(Pack(id=_identifier(tenant, key), key=key, **state)))
        if not tenant.commit(plan.writes):
            return PackOutcome(**dict(details(tenant, key)), changes=plan.changes)
    raise Unavailable("Others are changing the same things; send this again in a moment.")


def _resolved(declared: PackDeviceProfile, sensor_profiles: dict[str, SensorProfile]) -> DeviceProfileFields:
    components: list[ProfileComponent] = []
    for component in declared.components:
        profile = sensor_profiles[component.sensor_profile]
        components.append(
            ProfileComponent(
                key=component.key,
                name=component.name,
                sensor_profile_id=profile.id,
                sensor_profile_key=profile.key,
                sensor_profile_version=profile.number,
            )
        )
    fields: dict[str, Any] = declared.given() | {"components": tuple(components)}
    return DeviceProfileFields(**fields)


def _require_unused(tenant: Tenant, pack: Pack) -> None:
    made = [part.id for kind in PROFILES for part in pack.made(kind)]
    use = profiles.use_of(tenant, made) if made else None
    if use is None and (classes := {part.id for part in pack.made("annotation_class")}):
        annotation = next((each for each in tenant.things(Annotation).all() if each.class_id in classes), None)
        use = f"the annotation {annotation.id}" if annotation else None
    if use:
        raise InUse(f"What the pack has made is used by {use}; remove or bind that anew first.")


def _removals(tenant: Tenant, pack: Pack) -> Iterator[dict[str, Any]]:
    """Yield the parts that remove what *pack* has made, and then the pack."""
    for kind, entity in PROFILES.items():
        for key in dict.fromkeys(part.key for part in pack.made(kind)):
            line = tenant.things(ProfileLine).get(profiles.line_id(tenant, entity, key))
            made = [part for part in pack.made(kind) if part.key == key]
            gone = {part.version for part in made}
            left = tuple(number for number in line.versions if number not in gone)
            yield from (tenant.things(entity).removing(part.id) for part in made)
            yield tenant.things(ProfileLine).replacing(line.next_version(versions=left))
    for part in pack.made("annotation_class"):
        yield tenant.things(AnnotationClass).removing(part.id)
    for version in pack.releases:
        identifier = PackRelease.identifier(tenant.organization_id, pack.key, version)
        yield tenant.things(PackRelease).removing(identifier)
    yield tenant.things(Pack).removing(pack.id)


def _identifier(tenant: Tenant, key: str) -> Any:
    return Pack.identifier(tenant.organization_id, key)


def _find(tenant: Tenant, key: str) -> Pack | None:
    return tenant.things(Pack).find(_identifier(tenant, key))


def _newest(tenant: Tenant, pack: Pack | None, key: str) -> PackManifest:
    if key in shipped():
        return shipped()[key]
    # Of one that no longer ships, what is installed is all there is.
    version = (pack.uploaded or pack.installed) if pack else None
    if version is None:
        raise NotFound(f"There is no pack {key}.")
    return tenant.things(PackRelease).get(PackRelease.identifier(tenant.organization_id, key, version)).manifest


def _summary(pack: Pack | None, manifest: PackManifest) -> PackSummary:
    return PackSummary(
        key=manifest.key,
        version=manifest.version,
        name=manifest.name,
        description=manifest.description,
        source=PackSource.SHIPPED if manifest.key in shipped() else PackSource.UPLOADED,
        installed_version=pack.installed if pack else None,
        installed_at=pack.installed_at if pack else None,
    )


def _uploaded_summary(pack: Pack) -> PackSummary:
    return PackSummary(
        key=pack.key,
        version=pack.uploaded or "",
        name=pack.name,
        description=pack.description,
        source=PackSource.UPLOADED,
        installed_version=pack.installed,
        installed_at=pack.installed_at,
    )
