"""``/api/v1/annotation-classes``: what annotations can say."""

from __future__ import annotations

from functions.annotation_classes.models import AnnotationClassBody, AnnotationClassCreate
from whimbrel.auth import Scope
from whimbrel.domain.annotations import AnnotationClass, AnnotationClassId
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.resource import Resource
from whimbrel.http.standard import ALL_METHODS, StandardMethods
from whimbrel.problems import AlreadyExists

resource = Resource("/api/v1/annotation-classes", tag="Annotation classes")

StandardMethods(
    entity=AnnotationClass,
    create=AnnotationClassCreate,
    fields=AnnotationClassBody,
    read=Scope.ANALYTICS_READ,
    write=Scope.ANALYTICS_WRITE,
    singular="annotation class",
    plural="annotation classes",
    only=ALL_METHODS - {"create"},
).register(resource)


@resource.operation("POST", scope=Scope.ANALYTICS_WRITE, status=201, problems=[AlreadyExists])
def create_annotation_class(body: AnnotationClassCreate, tenant: CurrentTenant) -> AnnotationClass:
    """Create an annotation class."""
    identifier = AnnotationClassId.named(tenant.organization_id, body.key)
    return tenant.things(AnnotationClass).add(AnnotationClass(id=identifier, **body.given()))
