"""What a client may say about a class of annotations."""

from __future__ import annotations

from whimbrel.bodies import Body, Key
from whimbrel.domain.annotations import AnnotationClassFields


class AnnotationClassBody(AnnotationClassFields, Body):
    """What can be changed of a class."""


class AnnotationClassCreate(AnnotationClassBody):
    """A new class, under a key for good."""

    key: Key
