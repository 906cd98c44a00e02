"""Many operations in one request: one after the other, or all or none."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from functions.entities.dialect import refusal
from functions.entities.making import Making, delete, deleting, device_of, entity_or_trace, planned
from functions.entities.models import (
    CreateOperation,
    DeleteOperation,
    EntityBatch,
    EntityBatchAnswer,
    EntityCreate,
    OperationResult,
    UpdateOperation,
)
from functions.entities.naming import Named, entity_named, equipment_of
from functions.entities.recording import FAILED, Recording
from whimbrel import chance
from whimbrel.auth import Caller
from whimbrel.aws import iot
from whimbrel.http.exchange import Exchange
from whimbrel.ids import DeviceId
from whimbrel.problems import InvalidRequest, Problem
from whimbrel.store import changes
from whimbrel.store.equipment import Equipment
from whimbrel.store.tenant import Tenant
from whimbrel.store.transactions import MAX_PARTS

CREATED, DONE, SERVER_ERROR = 201, 204, 500
_ONE_STORE = (
    "values are in another store than entities: all operations of an atomic batch record values, or all of them make "
    "and delete entities"
)


@dataclass(slots=True)
class Batch:
    """The operations of one request.

    Each has chance of its own: whoever repeats the call draws the same for it, whatever the others find done.
    """

    tenant: Tenant
    caller: Caller
    exchange: Exchange
    body: EntityBatch
    _seeds: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Draw the seeds."""
        self._seeds = [chance.bits(256).to_bytes(32) for _ in self.body.operations]

    def run(self) -> EntityBatchAnswer:
        """Do all operations.

        Raises:
            Problem: an atomic batch is refused, with the operation's place as ``failed_index``; nothing has changed.
        """
        if self.body.atomic:
            return self._together()
        results = [self._result(index) for index in range(len(self.body.operations))]
        # Whoever repeats the call goes on with what was left undone because nothing answered.
        self.exchange.is_complete = all(result.status < SERVER_ERROR for result in results)
        return EntityBatchAnswer(results=results, failed=sum(result.error is not None for result in results))

    def _result(self, index: int) -> OperationResult:
        operation = self.body.operations[index]
        try:
            with chance.seeded(self._seeds[index], chance.now_ms()):
                identifier = self._do(index)
        except Problem as problem:
            error = refusal(problem, self.exchange.request_id)
            return OperationResult(index=index, status=problem.status, id=operation.id, error=error)
        return _success(index, operation, identifier)

    def _do(self, index: int) -> str:
        """Do one operation, and return the id of its entity."""
        operation = self.body.operations[index]
        equipment = equipment_of(self.tenant)
        if isinstance(operation, CreateOperation):
            return create(self.tenant, self.exchange, operation)
        if isinstance(operation, UpdateOperation):
            recording = Recording(equipment, self.exchange.received_ms)
            entity = entity_named(self.tenant, equipment, operation.id)
            recording.add(entity, operation.values())
            recording.check()
            recording.store(self.tenant)
            return operation.id
        entity = entity_or_trace(self.tenant, equipment, operation.id)
        if isinstance(entity, Named):
            delete(self.tenant, self.caller, self.exchange, entity)
        return operation.id

    def _together(self) -> EntityBatchAnswer:
        updates = [isinstance(operation, UpdateOperation) for operation in self.body.operations]
        odd = next((index for index, is_update in enumerate(updates) if is_update is not updates[0]), None)
        if odd is not None:
            with _failing(odd):
                raise InvalidRequest.of("op", _ONE_STORE)
        equipment = equipment_of(self.tenant)
        identifiers = self._record(equipment) if updates[0] else self._change(equipment)
        results = [
            _success(index, operation, identifier)
            for index, (operation, identifier) in enumerate(zip(self.body.operations, identifiers, strict=True))
        ]
        return EntityBatchAnswer(results=results, failed=0)

    def _record(self, equipment: Equipment) -> list[str]:
        recording = Recording(equipment, self.exchange.received_ms)
        for index, operation in enumerate(self.body.operations):
            if isinstance(operation, UpdateOperation):
                with _failing(index):
                    entity = entity_named(self.tenant, equipment, operation.id)
                    recording.add(entity, operation.values(f"operations[{index}]."), index)
        recording.check()
        recording.store(self.tenant)
        return [operation.id or "" for operation in self.body.operations]

    def _change(self, equipment: Equipment) -> list[str]:
        """Make and delete entities in one transaction."""
        plans = self._plans(equipment)
        with changes.unless_refused():
            self._commit(plans)
        # Not before: a batch that is refused has cut nobody off. Whoever repeats one that failed here comes by again.
        for plan in plans:
            for device_id in [] if isinstance(plan, Making) else device_of(plan):
                iot.retire_device(device_id)
        return [
            plan.entity.id if isinstance(plan, Making) else operation.id or ""
            for plan, operation in zip(plans, self.body.operations, strict=True)
        ]

    def _commit(self, plans: list[Making | Named | DeviceId]) -> None:
        parts: list[tuple[int, dict[str, Any]]] = []
        for index, plan in enumerate(plans):
            with _failing(index):
                if isinstance(plan, Making):
                    _add(parts, index, plan.parts(self.tenant))
                elif isinstance(plan, Named):
                    _add(parts, index, deleting(self.tenant, plan))
        failed = self.tenant.commit([part for _, part in parts]) if parts else frozenset[int]()
        if failed:
            owner = parts[min(failed)][0]
            making, first = plans[owner], next(place for place, (index, _) in enumerate(parts) if index == owner)
            with _failing(owner):
                if isinstance(making, Making):
                    making.refuse(frozenset(place - first for place in failed))

    def _plans(self, equipment: Equipment) -> list[Making | Named | DeviceId]:
        """Return what is to be made, and what is to be deleted or was."""
        plans: list[Making | Named | DeviceId] = []
        for index, operation in enumerate(self.body.operations):
            with _failing(index):
                if isinstance(operation, CreateOperation):
                    if next(operation.values(), None):
                        raise InvalidRequest.of("op", _ONE_STORE)
                    plans.append(planned(self.tenant, equipment, operation))
                else:
                    plans.append(entity_or_trace(self.tenant, equipment, operation.id))
        return plans


def create(tenant: Tenant, exchange: Exchange, body: EntityCreate) -> str:
    """Make an entity, with the values that it begins with, and return its id.

    Raises:
        InvalidRequest: it has no such template, cannot have that id, or a value is refused; nothing is made.
        AlreadyExists: the id is taken. Unavailable: the entity is there, but not all of its values.
    """
    equipment = equipment_of(tenant)
    making = planned(tenant, equipment, body)
    recording = Recording(equipment, exchange.received_ms)
    recording.add(making.entity, body.values())
    recording.check()
    with changes.unless_refused():
        making.refuse(tenant.commit(making.parts(tenant)))
    recording.store(tenant)
    return making.entity.id


def _add(parts: list[tuple[int, dict[str, Any]]], index: int, added: list[dict[str, Any]]) -> None:
    """Add the parts of the operation *index* to those of a transaction, in which each thing may stand once.

    Raises:
        InvalidRequest: an operation before it is about the same; or there are too many.
    """
    there = {_written(part): part for _, part in parts}
    for part in added:
        known = there.get(_written(part))
        if known is None:
            parts.append((index, part))
        elif known != part:
            raise InvalidRequest.of("id", "an operation before it is about the same entity")
    if len(parts) > MAX_PARTS:
        message = f"it and those before it are more than {MAX_PARTS} writes, the most that can be made together"
        raise InvalidRequest.of("op", message)


def _written(part: dict[str, Any]) -> str:
    """Return the name of the item that a part of a transaction is about."""
    [what] = part.values()
    key: dict[str, Any] = what.get("Key") or what["Item"]
    return f"{key['pk']['S']} {key['sk']['S']}"


def _success(index: int, operation: CreateOperation | UpdateOperation | DeleteOperation, name: str) -> OperationResult:
    status = CREATED if isinstance(operation, CreateOperation) else DONE
    return OperationResult(index=index, status=status, id=name, error=None)


@contextmanager
def _failing(index: int) -> Generator[None]:
    """Say of a refusal which operation it is of."""
    try:
        yield
    except Problem as problem:
        problem.members[FAILED] = index
        place = f"operations[{index}]"
        problem.errors = tuple(
            each if each.field.startswith(place) else each._replace(field=f"{place}.{each.field}")
            for each in problem.errors
        )
        raise
