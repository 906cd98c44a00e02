"""The standard methods of a resource, from one declaration.

What a resource does its own way it leaves out of ``only`` and writes as an operation of its own.
"""
# pyright: reportUnknownParameterType=false, reportInvalidTypeForm=false
# No postponed annotations here: the operations' types are the declaration's, known when they are defined.

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import MISSING, create_model
from pydantic.alias_generators import to_camel

from whimbrel.auth import Scope
from whimbrel.bodies import Body
from whimbrel.entity import Entity
from whimbrel.http.exchange import CurrentTenant
from whimbrel.http.parameters import Cursor, IfMatch, Limit
from whimbrel.http.resource import Resource
from whimbrel.pages import Page
from whimbrel.problems import AlreadyExists, Conflict, FieldError, InvalidRequest, NotFound, StaleVersion
from whimbrel.store.tenant import Tenant

E = TypeVar("E", bound=Entity[Any])

ALL_METHODS = frozenset({"list", "create", "get", "replace", "update", "delete"})


class InUse(Conflict):
    """Something else refers to what should go."""

    title = "In use"


@dataclass(frozen=True, kw_only=True)
class StandardMethods(Generic[E]):
    """List, create, get, replace (PUT), update (PATCH) and delete things of one kind.

    ``create`` is the body that makes one, ``fields`` the body with everything that can be changed later: PUT sends it
    whole, PATCH in part. ``children`` are the kinds listed under this one: while there are any, it cannot be deleted.
    """

    entity: type[E]
    create: type[Body]
    fields: type[Body]
    read: Scope
    write: Scope
    singular: str
    plural: str
    children: tuple[type[Entity[Any]], ...] = ()
    only: frozenset[str] = field(default=ALL_METHODS)

    def register(self, resource: Resource) -> None:
        """Declare the methods on *resource*."""
        for method in ("list", "create", "get", "replace", "update", "delete"):
            if method in self.only:
                getattr(self, f"_{method}")(resource)

    @property
    def _one(self) -> str:
        return f"/{{{to_camel(self.entity.kind)}Id}}"

    @property
    def _identifier(self) -> Any:
        return Annotated[self.entity.model_fields["id"].annotation, Path(alias=f"{to_camel(self.entity.kind)}Id")]

    def _declare(self, function: Callable[..., Any], verb: str, summary: str) -> Callable[..., Any]:
        noun = self.plural if verb == "list" else self.singular
        function.__name__ = f"{verb}_{noun.replace(' ', '_')}"
        function.__doc__ = summary
        return function

    def _list(self, resource: Resource) -> None:
        page_type = Page[self.entity]

        def operation(tenant: CurrentTenant, limit: Limit = 50, cursor: Cursor = None) -> page_type:  # type: ignore[valid-type]
            return tenant.things(self.entity).page(limit, cursor)

        self._declare(operation, "list", f"List {self.plural}, oldest first.")
        resource.operation("GET", scope=self.read)(operation)

    def _create(self, resource: Resource) -> None:
        entity, body_type = self.entity, self.create

        def operation(body: body_type, tenant: CurrentTenant) -> entity:  # type: ignore[valid-type]
            thing = entity.of(body)
            check_references(thing, tenant)
            return tenant.things(entity).add(thing)

        self._declare(operation, "create", f"Create a {self.singular}.")
        resource.operation("POST", scope=self.write, status=201, problems=[AlreadyExists])(operation)

    def _get(self, resource: Resource) -> None:
        entity, id_type = self.entity, self._identifier

        def operation(identifier: id_type, tenant: CurrentTenant) -> entity:  # type: ignore[valid-type]
            return tenant.things(entity).get(identifier)

        self._declare(operation, "get", f"Get a {self.singular}.")
        resource.operation("GET", self._one, scope=self.read, problems=[NotFound])(operation)

    def _replace(self, resource: Resource) -> None:
        self._change(
            resource,
            "PUT",
            "replace",
            self.fields,
            f"Replace a {self.singular}; what is left out falls back.",
        )

    def _update(self, resource: Resource) -> None:
        self._change(resource, "PATCH", "update", patch_of(self.fields), f"Change some fields of a {self.singular}.")

    def _change(self, resource: Resource, method: str, verb: str, body_type: type[Body], summary: str) -> None:
        entity, id_type = self.entity, self._identifier

        def operation(
            identifier: id_type,  # type: ignore[valid-type]
            body: body_type,  # type: ignore[valid-type]
            tenant: CurrentTenant,
            if_match: IfMatch = None,
        ) -> entity:  # type: ignore[valid-type]
            return change(tenant, entity, identifier, body, if_match)

        self._declare(operation, verb, summary)
        resource.operation(method, self._one, scope=self.write, problems=[NotFound, StaleVersion])(operation)

    def _delete(self, resource: Resource) -> None:
        entity, id_type, children = self.entity, self._identifier, self.children

        def operation(identifier: id_type, tenant: CurrentTenant, if_match: IfMatch = None) -> None:  # type: ignore[valid-type]
            thing = tenant.things(entity).get(identifier)
            require_match(thing, if_match)
            for child in children:
                if tenant.things(child).page(1, parent=thing.id).items:
                    raise InUse(f"It still has a {child.kind.replace('_', ' ')}; remove or move those first.")
            tenant.things(entity).remove(thing)

        self._declare(operation, "delete", f"Delete a {self.singular}.")
        problems = [NotFound, StaleVersion, *([InUse] if children else [])]
        resource.operation("DELETE", self._one, scope=self.write, status=204, problems=problems)(operation)


def change(tenant: Tenant, entity: type[E], identifier: Any, body: Body, if_match: str | None) -> E:
    """Store a thing with the fields that *body* holds, all of a PUT or those that a PATCH sent.

    Raises:
        NotFound: there is none. StaleVersion: not the one of *if_match*, or somebody else was faster.
        InvalidRequest: it refers to what is not there.
    """
    store = tenant.things(entity)
    thing = store.get(identifier)
    require_match(thing, if_match)
    after = changed(tenant, thing, body.given())
    return thing if after is thing else store.replace(after)


def changed(tenant: Tenant, thing: E, changes: Mapping[str, Any]) -> E:
    """Return the next version of *thing*, with *changes*; itself, if they change nothing.

    Raises:
        InvalidRequest: it then refers to what is not there.
    """
    if all(getattr(thing, name) == value for name, value in changes.items()):
        return thing
    after = thing.next_version(**changes)
    check_references(after, tenant)
    return after


def require_match(thing: Entity[Any], if_match: str | None) -> None:
    """Do nothing if *thing* is what the client's ``If-Match`` says (RFC 9110, section 13.1.1).

    Raises:
        StaleVersion: it has changed since.
    """
    if if_match and if_match.strip() != "*" and thing.etag not in {tag.strip() for tag in if_match.split(",")}:
        raise StaleVersion("It has changed since you got it; get it again and repeat the change.")


def check_references(thing: Entity[Any], tenant: Tenant) -> None:
    """Do nothing if all that *thing* refers to is there.

    Raises:
        InvalidRequest: something is not, and which field names it.
    """
    for name, entity in thing.references().items():
        identifier = getattr(thing, name)
        if identifier and tenant.things(entity).find(identifier) is None:
            message = f"there is no {entity.kind.replace('_', ' ')} {identifier}"
            raise InvalidRequest(message, errors=(FieldError(to_camel(name), "unknown-reference", message),))


def patch_of(fields: type[Body]) -> type[Body]:
    """Return the body whose fields are all those of *fields*, each to be left out at will (RFC 7396: null clears)."""
    parts: dict[str, Any] = {
        name: (
            Annotated[info.annotation | MISSING, *info.metadata] if info.metadata else info.annotation | MISSING,
            MISSING,
        )
        for name, info in fields.model_fields.items()
    }
    name = fields.__name__.removesuffix("Fields").removesuffix("Body") + "Patch"
    return create_model(name, __base__=Body, **parts)
