"""What is kept about things: frozen values with an identifier and a version; a change is the next version."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import Field

from whimbrel import instants
from whimbrel.bodies import Instant, Wire
from whimbrel.ids import Id

IdT = TypeVar("IdT", bound=Id)


class Entity(Wire, Generic[IdT]):
    """One thing of one tenant.

    ``kind`` names it in keys and problems, ``parent`` the field by whose value it can be listed. ``version`` counts its
    writes; it is kept beside the document and shows outside as the ``ETag``.
    """

    kind: ClassVar[str]
    parent: ClassVar[str | None] = None

    id: IdT
    created_at: Instant = Field(default_factory=instants.now)
    updated_at: Instant = Field(default_factory=instants.now)
    version: int = Field(default=1, exclude=True)

    @property
    def etag(self) -> str:
        """The entity tag of RFC 9110: version and time, so that a thing made anew under its old name differs."""
        return f'"{self.version}-{instants.to_ms(self.updated_at):x}"'

    @classmethod
    def of(cls, body: Wire) -> Self:
        """Return a new thing with the fields of *body*."""
        return cls(id=cls._id_type().new(), **body.given())

    def references(self) -> dict[str, type[Entity[Any]]]:
        """Return which fields name other things that must be there, and of what kind they are."""
        return {}

    @classmethod
    def _id_type(cls) -> type[IdT]:
        return cls.model_fields["id"].annotation  # type: ignore[return-value]

    def next_version(self, **changes: Any) -> Self:
        """Return this thing with *changes*, which must already be valid, one version on."""
        return self.model_copy(update={**changes, "updated_at": instants.now(), "version": self.version + 1})
