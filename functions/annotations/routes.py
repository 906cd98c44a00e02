"""``/api/v1/annotations``: what is said about stretches of time."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic.json_schema import SkipJsonSchema

from functions.annotations.models import AnnotationBody, AnnotationCreate, AnnotationPatch
from whimbrel.auth import Scope
from whimbrel.bodies import Body
from whimbrel.domain.annotations import (
    MADE_BY_THE_PLATFORM,
    Annotation,
    AnnotationClass,
    AnnotationClassId,
    AnnotationId,
    AnnotationReadOnly,
    AnnotationSource,
)
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.http.standard import StandardMethods, changed, check_references, require_match
from whimbrel.ids import Id
from whimbrel.pages import Page
from whimbrel.problems import NotFound, StaleVersion
from whimbrel.store.tenant import Tenant

resource = Resource("/api/v1/annotations", tag="Annotations")

ThisAnnotation = Annotated[AnnotationId, Path(alias="annotationId")]


@resource.operation("GET", scope=Scope.ANALYTICS_READ)
def list_annotations(
    tenant: CurrentTenant,
    scope_id: Annotated[Id | SkipJsonSchema[None], Query(alias="scopeId")] = None,
    class_id: Annotated[AnnotationClassId | SkipJsonSchema[None], Query(alias="classId")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Annotation]:
    """List annotations, oldest first, of everything or of one thing, of every class or of one."""
    return tenant.things(Annotation).page(
        limit,
        cursor,
        parent=scope_id,
        where=(lambda annotation: annotation.class_id == class_id) if class_id else None,
        filters=(class_id,),
    )


@resource.operation("GET", "/by-source", scope=Scope.ANALYTICS_READ)
def list_annotations_by_source(
    tenant: CurrentTenant,
    source: Annotated[AnnotationSource, Query()],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Annotation]:
    """List the annotations of one source, oldest first."""
    return tenant.things(Annotation).page(
        limit, cursor, where=lambda annotation: annotation.source is source, filters=(source,)
    )


@resource.operation("POST", scope=Scope.ANALYTICS_WRITE, status=201)
def create_annotation(body: AnnotationCreate, tenant: CurrentTenant) -> Annotation:
    """Annotate a thing.

    Its `values` are checked against the fields of its class.
    """
    annotation = Annotation.of(body)
    check(annotation, tenant)
    return tenant.things(Annotation).add(annotation)


StandardMethods(
    entity=Annotation,
    create=AnnotationCreate,
    fields=AnnotationBody,
    read=Scope.ANALYTICS_READ,
    write=Scope.ANALYTICS_WRITE,
    singular="annotation",
    plural="annotations",
    only=frozenset({"get"}),
).register(resource)


@resource.operation(
    "PUT",
    "/{annotationId}",
    scope=Scope.ANALYTICS_WRITE,
    problems=[NotFound, StaleVersion, AnnotationReadOnly],
)
def replace_annotation(
    annotation_id: ThisAnnotation, body: AnnotationBody, tenant: CurrentTenant, if_match: IfMatch = None
) -> Annotation:
    """Replace an annotation; what is left out falls back.

    Those that the platform made are read-only.
    """
    return revised(tenant, annotation_id, body, if_match)


@resource.operation(
    "PATCH",
    "/{annotationId}",
    scope=Scope.ANALYTICS_WRITE,
    problems=[NotFound, StaleVersion, AnnotationReadOnly],
)
def update_annotation(
    annotation_id: ThisAnnotation, body: AnnotationPatch, tenant: CurrentTenant, if_match: IfMatch = None
) -> Annotation:
    """Change some fields of an annotation.

    Those that the platform made are read-only.
    """
    return revised(tenant, annotation_id, body, if_match)


@resource.operation(
    "DELETE",
    "/{annotationId}",
    scope=Scope.ANALYTICS_WRITE,
    status=204,
    problems=[NotFound, StaleVersion, AnnotationReadOnly],
)
def delete_annotation(annotation_id: ThisAnnotation, tenant: CurrentTenant, if_match: IfMatch = None) -> None:
    """Delete an annotation.

    Those that the platform made are read-only.
    """
    tenant.things(Annotation).remove(editable(tenant, annotation_id, if_match))


def revised(tenant: Tenant, annotation_id: AnnotationId, body: Body, if_match: str | None) -> Annotation:
    """Store the next version of an annotation, with what *body* holds, unless that is what it holds already."""
    before = editable(tenant, annotation_id, if_match)
    after = changed(tenant, before, body.given())
    if after is before:
        return before
    tenant.things(AnnotationClass).get(after.class_id).check(after)
    return tenant.things(Annotation).replace(after)


def editable(tenant: Tenant, annotation_id: AnnotationId, if_match: str | None) -> Annotation:
    """Return an annotation that a client may change.

    Raises:
        NotFound: there is none. StaleVersion: it is not the one of *if_match*.
        AnnotationReadOnly: the platform made it.
    """
    annotation = tenant.things(Annotation).get(annotation_id)
    require_match(annotation, if_match)
    if annotation.source in MADE_BY_THE_PLATFORM:
        raise AnnotationReadOnly("The platform made this annotation; annotate the same time beside it.")
    return annotation


def check(annotation: Annotation, tenant: Tenant) -> None:
    """Do nothing if *annotation* speaks of what is there, in the words of its class.

    Raises:
        InvalidRequest: it does not.
    """
    check_references(annotation, tenant)
    tenant.things(AnnotationClass).get(annotation.class_id).check(annotation)
