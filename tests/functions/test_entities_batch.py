"""Entities made and deleted through the gateway, one by one and in batches."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.functions.conftest import IotCore, a_csr
from tests.functions.profiling import a_device_profile, publish
from whimbrel.ids import ComponentId, DeviceId, SensorId
from whimbrel.problems import Unavailable
from whimbrel.store.intake import Judgement

V1, ENTITIES, BATCH = "/api/v1", "/v1/entities", "/v1/entities/batch"
CHOSEN = "3f1a7c52-6a0b-4c1e-9d5e-0b1f5a7c2d34"
NOBODYS = "0190abcd-1234-7abc-8def-00000000ffff"
OF_CALLS = ("limit", "call", "audit_intent", "audit_head")


def made(client: Any, **body: Any) -> str:
    answer = client.post(ENTITIES, body)
    assert answer.status_code == HTTPStatus.CREATED, answer.body
    assert list(answer.json()) == ["id"]
    return answer.json()["id"]


def current(client: Any, entity: str) -> list[Any]:
    return sorted(
        (each["value"] for each in client.get(f"{ENTITIES}/{entity}").ok()["attribute_values"].values()), key=str
    )


def run(client: Any, *operations: dict[str, Any], atomic: bool = False) -> Any:
    return client.post(BATCH, {"operations": list(operations), "atomic": atomic})


def create(**fields: Any) -> dict[str, Any]:
    return {"op": "create"} | fields


def update(entity: str, op: str = "update", **values: Any) -> dict[str, Any]:
    return {"op": op, "id": entity, "attributes": values}


def delete(entity: str) -> dict[str, Any]:
    return {"op": "delete", "id": entity}


def refused(answer: Any, status: int, field: str = "", failed_index: int | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.body
    document = answer.json()
    assert list(document.get("errors", {})) == ([field] if field else [])
    assert document.get("failed_index") == failed_index
    return document


def everything() -> Counter[str]:
    """Return all that is in the tables, but for what tells of calls: limits, repeated ones, the audit log."""
    client = boto3.client("dynamodb")
    return Counter(
        repr(sorted(item.items()))
        for table in ("registry", "log", "blocks")
        for page in client.get_paginator("scan").paginate(TableName=table)
        for item in page["Items"]
        if not item["pk"]["S"].endswith(OF_CALLS)
    )


# --- One by one ---


def test_a_new_entity_is_a_device(client: Any) -> None:
    entity = made(client, name="Pump 4", attributes={"t": 21.5, "on": True})

    device = client.get(f"{V1}/devices/{entity}").ok()
    assert (device["name"], device["status"], device["label"]) == ("Pump 4", "PENDING", None)
    assert current(client, entity) == [21.5, True]


def test_a_new_entity_has_the_components_of_its_template(client: Any) -> None:
    profile = publish(client, {"key": "t", "type": "DOUBLE", "max": 60}, key="air")
    template = client.post(f"{V1}/device-profiles", a_device_profile(air=profile["id"])).ok()

    refused(
        client.post(ENTITIES, {"template_id": template["id"], "attributes": {"air/t": 61}}), 422, "attributes.air/t"
    )
    refused(client.post(ENTITIES, {"template_id": template["id"], "attributes": {"air/u": 1}}), 422, "attributes.air/u")
    assert client.get(f"{V1}/devices").ok()["items"] == []
    entity = made(client, template_id=template["id"], attributes={"air/t": 20})

    assert client.get(f"{ENTITIES}/{entity}").ok()["template_id"] == template["id"]
    sensor = SensorId.named(DeviceId(entity), "air", "t")
    assert list(client.get(f"{ENTITIES}/{entity}").ok()["attribute_values"]) == [sensor]
    refused(client.post(ENTITIES, {"template_id": NOBODYS}), 422, "template_id")


def test_what_an_entity_is_called(client: Any) -> None:
    names = {
        "Said": {"name": "Said", "attributes": {"name": "Not this"}},
        "As attribute": {"attribute_values": [{"attribute_id": "name", "value": "As attribute"}]},
        CHOSEN: {"id": CHOSEN},
        "seven": {"id": "seven", "attributes": {"name": 7}},
        "tab": {"id": "tab", "attributes": {"name": "\t"}},
    }
    for name, body in names.items():
        entity = made(client, **body)
        [found] = [each for each in client.get(f"{V1}/devices").ok()["items"] if entity in {each["id"], each["label"]}]
        assert found["name"] == name
    nameless = made(client)
    assert client.get(f"{V1}/devices/{nameless}").ok()["name"] == nameless


@pytest.mark.parametrize("chosen", [CHOSEN, NOBODYS, "pump-9"])
def test_an_id_of_the_client_s_choice(client: Any, other: Any, chosen: str) -> None:
    """Two organizations may choose the same: each has its own."""
    assert made(client, id=chosen, attributes={"t": 1}) == made(other, id=chosen, attributes={"t": 2}) == chosen

    client.put(f"{ENTITIES}/{chosen}", {"attributes": {"t": 3}}).ok()

    assert (current(client, chosen), current(other, chosen)) == ([3], [2])
    state = client.get(f"{ENTITIES}/{chosen}").ok()
    items = client.get(f"{ENTITIES}/{chosen}/history").ok()["items"]
    assert state["id"] == chosen
    assert {item["entity_id"] for item in items} == {chosen}
    before = everything()
    refused(client.post(ENTITIES, {"id": chosen, "attributes": {"t": 9}}), 409)
    assert everything() == before
    assert client.delete(f"{ENTITIES}/{chosen}").status_code == HTTPStatus.NO_CONTENT
    assert current(other, chosen) == [2]


def test_an_identifier_that_is_taken_cannot_be_chosen(client: Any, other: Any) -> None:
    device = made(client, attributes={"t": 1})
    component = ComponentId.named(DeviceId(device), "main")

    for taken in (device, component):
        refused(client.post(ENTITIES, {"id": taken}), 409)
    client.delete(f"{ENTITIES}/{device}")
    refused(client.post(ENTITIES, {"id": device}), 409)
    assert made(other, id=device) == device


def test_an_id_is_free_again_when_its_entity_is_deleted(client: Any) -> None:
    for value in (1, 2):
        made(client, id=CHOSEN, attributes={"t": value})
        assert current(client, CHOSEN) == [value]
        assert client.get(f"{ENTITIES}/{CHOSEN}/history").ok()["total"] == 1
        client.delete(f"{ENTITIES}/{CHOSEN}")
        refused(client.delete(f"{ENTITIES}/{CHOSEN}"), 404)


def test_of_many_who_choose_the_same_id_one_gets_it(client: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        statuses = list(
            pool.map(lambda n: client.post(ENTITIES, {"id": CHOSEN, "name": f"n{n}"}).status_code, range(6))
        )

    assert sorted(statuses) == [201, 409, 409, 409, 409, 409]


CREATIONS: dict[str, tuple[Any, int, str]] = {
    "a list": ([], 400, ""),
    "both forms": ({"attributes": {}, "attribute_values": []}, 400, ""),
    "values that are no list": ({"attribute_values": 1}, 400, ""),
    "an unknown field": ({"nmae": "x"}, 422, "nmae"),
    "no id": ({"id": "a b"}, 422, "id"),
    "an empty id": ({"id": ""}, 422, "id"),
    "no template": ({"template_id": "x"}, 422, "template_id"),
    "no name": ({"name": ""}, 422, "name"),
    "a bad value": ({"attributes": {"t": None}}, 422, "attributes.t"),
    "a bad slug": ({"attributes": {"a b": 1}}, 422, "attributes.a b"),
    "an unknown attribute": ({"attributes": {CHOSEN: 1}}, 422, f"attributes.{CHOSEN}"),
    "a bad time": ({"attributes": {"t": {"value": 1, "updated_at": "x"}}}, 422, "attributes.t.updated_at"),
}


def test_what_cannot_be_made(client: Any) -> None:
    before = everything()

    for name, (body, status, field) in CREATIONS.items():
        assert refused(client.post(ENTITIES, body), status, field), name

    assert everything() == before


def test_a_repeated_creation_is_one(client: Any) -> None:
    for body in ({"attributes": {"t": 1}}, {"id": CHOSEN, "attributes": {"t": 1}}):
        answers = [client.post(ENTITIES, body, headers={"Idempotency-Key": str(len(body))}) for _ in range(2)]
        assert answers[0].ok() == answers[1].ok()
    assert len(client.get(f"{V1}/devices").ok()["items"]) == 2


def test_a_creation_that_died_is_completed(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: Any) -> None:
        raise Unavailable("Not now.")

    for number, body in enumerate(({"attributes": {"t": 1}}, {"id": CHOSEN, "attributes": {"t": 1}})):
        headers = {"Idempotency-Key": str(number)}
        with monkeypatch.context() as patch:
            patch.setattr(Judgement, "store", dies)
            refused(client.post(ENTITIES, body, headers=headers), 503)
        entity = client.post(ENTITIES, body, headers=headers).ok()["id"]
        assert current(client, entity) == [1]
    assert len(client.get(f"{V1}/devices").ok()["items"]) == 2


def test_values_of_a_new_entity_take_the_right_to_write_them(scoped: Any) -> None:
    maker = scoped("devices:write")

    assert refused(maker.post(ENTITIES, {"attributes": {"t": 1}}), 403)["requiredScope"] == "readings:write"
    made(maker, name="Pump 4")


def test_a_deleted_device_is_cut_off_and_its_values_stay(client: Any, iot_core: IotCore) -> None:
    enrolled = client.post(f"{V1}/devices/registration/tokens", {"deviceName": "Pump 4"}).ok()
    client.post(f"{V1}/devices/provision", {"token": enrolled["token"], "csrPem": a_csr()}).ok()
    device = enrolled["deviceId"]
    client.put(f"{ENTITIES}/{device}", {"attributes": {"t": 1}}).ok()

    assert client.delete(f"{ENTITIES}/{device}").status_code == HTTPStatus.NO_CONTENT

    assert iot_core.active() == []
    assert client.get(f"{V1}/devices/{device}").status_code == HTTPStatus.NOT_FOUND
    sensor = SensorId.named(DeviceId(device), "main", "t")
    assert len(client.get(f"{V1}/readings/sensor/{sensor}").ok()["points"]) == 1


def test_a_component_with_attributes_stays(client: Any) -> None:
    device = made(client)
    made_of = client.post(f"{V1}/components", {"deviceId": device, "key": "air", "name": "Air"}).ok()["id"]
    client.put(f"{ENTITIES}/{made_of}", {"attributes": {"t": 1}}).ok()

    refused(client.delete(f"{ENTITIES}/{made_of}"), 409)
    client.delete(f"{V1}/sensors/{SensorId.named(DeviceId(device), 'air', 't')}")
    assert client.delete(f"{ENTITIES}/{made_of}").status_code == HTTPStatus.NO_CONTENT
    refused(client.get(f"{ENTITIES}/{made_of}"), 404)


# --- One after the other ---


def test_operations_are_done_in_order(client: Any) -> None:
    device = made(client, attributes={"t": 0})

    answer = run(
        client,
        create(id=CHOSEN, attributes={"t": 1}),
        update(CHOSEN, t=2),
        update(CHOSEN, "replace", u=3),
        create(name="New"),
        delete(device),
        delete(CHOSEN),
        create(id=CHOSEN, attribute_values=[{"attribute_id": "v", "value": 4}]),
    ).ok()

    results = answer["results"]
    assert [each["status"] for each in results] == [201, 204, 204, 201, 204, 204, 201]
    assert [each["index"] for each in results] == list(range(7))
    assert [each["id"] for each in results if each["index"] != 3] == [CHOSEN, CHOSEN, CHOSEN, device, CHOSEN, CHOSEN]
    assert (answer["failed"], {each["error"] for each in results}) == (0, {None})
    assert client.get(f"{V1}/devices/{results[3]['id']}").ok()["name"] == "New"
    assert current(client, CHOSEN) == [4]


def test_what_is_refused_is_told_and_the_others_are_done(client: Any, other: Any) -> None:
    device, foreign = made(client, attributes={"t": 0}), made(other, attributes={"t": 0})

    answer = run(
        client,
        update(device, t="x"),
        update(device, t=1),
        update(foreign, t=2),
        delete(NOBODYS),
        delete(foreign),
        create(id=CHOSEN),
        create(id=CHOSEN),
        create(template_id=NOBODYS),
        create(attributes={"a b": 1}),
    ).ok()

    assert [each["status"] for each in answer["results"]] == [422, 204, 404, 404, 404, 201, 409, 422, 422]
    assert answer["failed"] == 7
    errors = [each["error"] for each in answer["results"]]
    assert list(errors[0]["errors"]) == ["attributes.t"]
    assert [each["id"] for each in answer["results"]][:4] == [device, device, foreign, NOBODYS]
    assert (current(client, device), current(other, foreign)) == ([1], [0])
    assert len(client.get(f"{V1}/devices").ok()["items"]) == 2


def test_to_delete_what_was_deleted_is_no_failure(client: Any) -> None:
    device = made(client)
    made(client, id=CHOSEN)

    for atomic in (False, True):
        for _ in range(2):
            assert run(client, delete(device), delete(CHOSEN), atomic=atomic).ok()["failed"] == 0
    refused(run(client, delete(NOBODYS), atomic=True), 404, failed_index=0)


def test_a_repeated_batch_is_one(client: Any) -> None:
    operations = [create(), create(attributes={"t": 1}), create(id=CHOSEN)]
    for number, atomic in enumerate((False, True)):
        body = {"operations": operations[:1] if atomic else operations, "atomic": atomic}
        answers = [client.post(BATCH, body, headers={"Idempotency-Key": str(number)}).ok() for _ in range(2)]
        assert answers[0] == answers[1]
    assert len(client.get(f"{V1}/devices").ok()["items"]) == 4


def test_a_batch_that_died_is_completed(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though sensors that the first run has made draw nothing in the second."""

    def dies(*_: Any) -> None:
        raise Unavailable("Not now.")

    device = made(client)
    operations = [update(device, t=1), create(attributes={"t": 2}), create(id=CHOSEN, attributes={"t": 3})]
    body, headers = {"operations": operations}, {"Idempotency-Key": "once"}
    with monkeypatch.context() as patch:
        patch.setattr(Judgement, "store", dies)
        assert client.post(BATCH, body, headers=headers).ok()["failed"] == 3

    answer = client.post(BATCH, body, headers=headers).ok()

    assert [each["status"] for each in answer["results"]] == [204, 201, 201]
    assert [current(client, each["id"]) for each in answer["results"]] == [[1], [2], [3]]
    assert len(client.get(f"{V1}/devices").ok()["items"]) == 3


BATCHES: dict[str, tuple[Any, int, str]] = {
    "a list": ([], 400, ""),
    "no operations": ({}, 400, ""),
    "operations that are no list": ({"operations": {}}, 400, ""),
    "operations that are no objects": ({"operations": [1]}, 400, ""),
    "an empty list": ({"operations": []}, 422, "operations"),
    "too many": ({"operations": [create()] * 101}, 422, "operations"),
    "atomic as text": ({"operations": [create()], "atomic": "yes"}, 422, "atomic"),
    "an unknown field": ({"operations": [create()], "mode": 1}, 422, "mode"),
    "an unknown operation": ({"operations": [create(), {"op": "upsert"}]}, 422, "operations[1]"),
    "no operation": ({"operations": [{"id": CHOSEN}]}, 422, "operations[0]"),
    "an update of nothing": ({"operations": [create(), {"op": "update", "attributes": {}}]}, 422, "operations[1].id"),
    "an update without values": ({"operations": [create(), {"op": "update", "id": CHOSEN}]}, 400, ""),
    "a deletion with values": (
        {"operations": [create(), delete(CHOSEN) | {"attributes": {}}]},
        422,
        "operations[1].attributes",
    ),
    "a value that is none": ({"operations": [create(), update(CHOSEN, t=None)]}, 422, "operations[1].attributes.t"),
}


def test_what_is_no_batch_is_refused_before_anything_is_done(client: Any) -> None:
    before = everything()

    for name, (body, status, field) in BATCHES.items():
        assert refused(client.post(BATCH, body), status, field), name

    assert everything() == before


def test_a_batch_takes_the_right_to_each_of_its_operations(scoped: Any, client: Any) -> None:
    device = made(client)
    writer, maker = scoped("readings:write"), scoped("devices:write")

    assert run(writer, update(device, t=1)).ok()["failed"] == 0
    for operation in (create(), delete(device)):
        assert refused(run(writer, update(device, t=2), operation), 403)["requiredScope"] == "devices:write"
        assert refused(run(maker, operation), 403)["requiredScope"] == "readings:write"
    assert current(client, device) == [1]


# --- All or none ---


def test_an_atomic_batch_makes_and_deletes(client: Any, iot_core: IotCore) -> None:
    enrolled = client.post(f"{V1}/devices/registration/tokens", {"deviceName": "Pump 4"}).ok()
    client.post(f"{V1}/devices/provision", {"token": enrolled["token"], "csrPem": a_csr()}).ok()
    profile = publish(client, {"key": "t", "type": "DOUBLE"}, key="air")
    template = client.post(f"{V1}/device-profiles", a_device_profile(air=profile["id"])).ok()["id"]
    device, component = enrolled["deviceId"], {"deviceId": made(client, id="kept"), "key": "x", "name": "X"}
    component["deviceId"] = client.get(f"{V1}/devices").ok()["items"][-1]["id"]
    component = client.post(f"{V1}/components", component).ok()["id"]

    answer = run(
        client,
        create(template_id=template),
        create(template_id=template, id=CHOSEN),
        delete(device),
        delete(component),
        atomic=True,
    ).ok()

    assert [each["status"] for each in answer["results"]] == [201, 201, 204, 204]
    assert iot_core.active() == []
    for gone in (device, component):
        refused(client.get(f"{ENTITIES}/{gone}"), 404)
    for there in (answer["results"][0]["id"], CHOSEN):
        assert client.get(f"{ENTITIES}/{there}").ok()["template_id"] == template
        client.put(f"{ENTITIES}/{there}", {"attributes": {"air/t": 1}}).ok()


@settings(max_examples=10)
@given(st.integers(0, 4), st.sampled_from(range(5)))
def test_an_atomic_batch_that_is_refused_changes_nothing(client: Any, place: int, kind: int) -> None:
    """Whatever is wrong, and wherever it stands."""
    name = f"free-{place}-{kind}"
    devices = [made(client) for _ in range(2)]
    if client.get(f"{ENTITIES}/taken").status_code == HTTPStatus.NOT_FOUND:
        made(client, id="taken", attributes={"t": 1})
    component = ComponentId.named(DeviceId(client.get(f"{V1}/devices").ok()["items"][0]["id"]), "none")
    wrong, status, field = [
        (create(id="taken"), 409, ""),
        (delete(component), 404, ""),
        (create(template_id=NOBODYS), 422, "template_id"),
        (create(attributes={"t": 1}), 422, "op"),
        (update("taken", t=2), 422, "op"),
    ][kind]
    operations = [create(), delete(devices[0]), create(id=name), delete(devices[1])]
    operations.insert(place, wrong)
    before = everything()

    answer = run(client, *operations, atomic=True)

    # What does not go with the first operation is the one that is refused.
    index = 1 if kind == 4 and place == 0 else place
    field = f"operations[{index}].{field}" if field else ""
    refused(answer, status, field, index)
    assert everything() == before


@settings(max_examples=6)
@given(st.integers(0, 3), st.sampled_from(["x", {"value": 1, "updated_at": "x"}, "nobody", "strange"]))
def test_values_of_an_atomic_batch_are_stored_together_or_not(client: Any, place: int, wrong: Any) -> None:
    devices = [made(client, attributes={"t": 0}) for _ in range(3)]
    operations = [update(device, t=1, u=2) for device in devices]
    bad = {
        "nobody": (update(NOBODYS, t=1), 404, ""),
        "strange": ({"op": "update", "id": devices[0], "attributes": {CHOSEN: 1}}, 422, f".attributes.{CHOSEN}"),
        "x": (update(devices[0], t="x"), 422, ".attributes.t"),
    }
    timed = (update(devices[0], t=wrong), 422, ".attributes.t.updated_at")
    operation, status, field = bad[wrong] if isinstance(wrong, str) else timed
    before = everything()

    refused(
        run(client, *operations[:place], operation, *operations[place:], atomic=True),
        status,
        f"operations[{place}]{field}" if field else "",
        place,
    )

    assert everything() == before
    assert run(client, *operations, atomic=True).ok()["failed"] == 0
    assert [current(client, device) for device in devices] == [[1, 2]] * 3


def test_two_operations_of_an_atomic_batch_cannot_be_about_the_same(client: Any) -> None:
    device = made(client, id="old")
    before = everything()

    refused(run(client, create(id=CHOSEN), create(id=CHOSEN), atomic=True), 422, "operations[1].id", 1)
    refused(run(client, delete(device), create(id="old"), atomic=True), 422, "operations[1].id", 1)

    assert everything() == before


def test_an_atomic_batch_has_so_many_writes(client: Any) -> None:
    before = everything()

    document = refused(run(client, *[create() for _ in range(51)], atomic=True), 422, "operations[50].op", 50)

    assert "100 writes" in document["detail"]
    assert everything() == before
    assert run(client, *[create() for _ in range(50)], atomic=True).ok()["failed"] == 0


def test_a_batch_is_recorded_and_values_are_not(client: Any) -> None:
    device = made(client)
    client.put(f"{ENTITIES}/{device}", {"attributes": {"t": 1}}).ok()
    run(client, create(id=CHOSEN), atomic=True).ok()
    client.delete(f"{ENTITIES}/{CHOSEN}")

    entries = client.get(f"{V1}/audit-log").ok()["items"]

    assert [entry["action"] for entry in entries[:3]] == ["delete_entity", "run_batch", "create_entity"]
    assert "put_entity" not in {entry["action"] for entry in entries}


def test_what_was_refused_is_not_recorded(client: Any) -> None:
    made(client, id=CHOSEN)
    before = client.get(f"{V1}/audit-log").ok()["items"]

    refused(client.post(ENTITIES, {"id": CHOSEN}), 409)
    refused(client.post(ENTITIES, {"attributes": {"a b": 1}}), 422, "attributes.a b")
    refused(run(client, create(), create(id=CHOSEN), atomic=True), 409, failed_index=1)
    assert client.get(f"{V1}/audit-log").ok()["items"] == before

    run(client, create(id="new", name="New"), create(id="new", name="Late"), create(attributes={"a b": 1})).ok()
    [entry, *_] = client.get(f"{V1}/audit-log").ok()["items"]
    assert [change["after"]["name"] for change in entry["changes"]] == ["New"]
