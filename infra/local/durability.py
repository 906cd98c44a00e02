"""Keeps the emulator's state through a crash; ``ministack`` itself saves only on a clean exit.

Logged are effects, not requests: a condition that held then need not hold in a replay, nor a random id come out alike.
DynamoDB items and SQS messages are logged one by one, at the innermost functions through which also IoT rules and
workflows write. IoT's registry and the workflows' executions are small and saved whole. Everything else changes only
by deployments, which end with ``checkpoint``. Objects in S3 are files of their own.

Not logged, so undone by a crash: purges, moves to dead-letter queues and retention of messages, and PartiQL. Of these
only PartiQL can lose an acknowledged write; the platform uses none.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import ministack.app as gateway
from ministack.core import persistence
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import dynamodb, iot, lambda_svc, sqs, stepfunctions

from infra.local.journal import Change, Journal, JournalBroken, replace_file
from infra.local.patching import replace, require

SEGMENT_BYTES = 128_000_000
"""Changes after which a new generation begins; the pause for it is about a second per 40,000 items."""
CHECK_EVERY_S = 5.0
INTERRUPTED = "States.ServiceRestart"
"""The error that the emulator gives, when it loads them, to executions that were running."""
AGAIN = "-again-"
Response = tuple[int, dict[str, str], bytes]

_log = logging.getLogger("whimbrel.local")


class Durability:
    """The emulator's state on disk, in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder)

    def load(self) -> None:
        """Bring back what was acknowledged before, and log what changes from now on."""
        require(gateway, "_state_map", "_get_module", "_build_persistence_save_dict")
        require(dynamodb, "_tables", "_set_item", "_remove_item", "_extract_key_val")
        require(sqs, "_queue_by_arn", "_get_q", "_queues_lock", "_HANDLERS")
        documents, transactions = self._journal.read()
        for name, module in gateway._state_map.items():
            if name in documents:
                state = json.loads(documents[name], object_hook=persistence._json_object_hook)
                gateway._get_module(module).load_persisted_state(state)
        _replay(change for transaction in transactions for change in transaction)
        self._journal.begin(_write_documents)
        _log_items(self._journal)
        _log_messages(self._journal)
        _save_devices(self._journal)
        _save_executions(self._journal)
        _answer_when_durable(self._journal)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to write."""
        self._journal.start(loop)

    def checkpoint(self) -> None:
        """Write the whole state down; on the event loop's thread."""
        self._journal.begin(_write_documents)

    async def keep_small(self) -> None:
        """Begin a new generation whenever the log has grown large."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            if self._journal.size > SEGMENT_BYTES:
                try:
                    self.checkpoint()
                except OSError:
                    _log.exception("No new generation; the log goes on in the old one")


def resume_executions() -> int:
    """Start the executions again that a crash or a restart interrupted, under new names; return how many.

    Their states run a second time from the first, so they must be such that this does no harm.
    """
    resumed = 0
    for (account, region, _), execution in list(stepfunctions._executions.all_items()):
        if execution.get("error") != INTERRUPTED:
            continue
        execution["error"] = f"{INTERRUPTED}.StartedAgain"
        name = f"{execution['name'].split(AGAIN)[0][:56]}{AGAIN}{time.time_ns():x}"
        again = {"stateMachineArn": execution["stateMachineArn"], "input": execution["input"], "name": name}
        with request_scope(account, region):
            status, _, answer = stepfunctions._start_execution(again)
        if status != HTTPStatus.OK:
            _log.error("%s is not started again: %s", execution["name"], answer)
        resumed += 1
    return resumed


def _write_documents(folder: Path) -> None:
    for name, get_state in gateway._build_persistence_save_dict().items():
        document = _document(get_state)
        if document != b"null":  # a module that could not be imported has no state
            replace_file(folder / f"{name}.json", document)


def _document(get_state: Callable[[], Any]) -> bytes:
    for _ in range(5):
        try:
            return json.dumps(get_state(), default=persistence._json_default).encode()
        except RuntimeError:  # a background thread of the emulator changed a dictionary under the copying
            continue
    return json.dumps(get_state(), default=persistence._json_default).encode()


def _replay(changes: Iterable[Change]) -> None:
    """Make *changes* again; those already in the documents change nothing."""
    queues: dict[str, dict[str, Any]] = {}
    messages: dict[str, dict[str, Any]] = {}
    for kind, account, region, name, *rest in changes:
        with request_scope(account, region):
            if kind == "item":
                _replay_item(name, *rest)
                continue
            if name not in queues and (queue := sqs._queue_by_arn(name)) is not None:
                queues[name] = queue
                messages[name] = {message["id"]: message for message in queue["messages"]}
            if kind == "sent" and name in queues:
                messages[name].setdefault(rest[0]["id"], rest[0])
            elif kind == "deleted" and name in queues:
                for message_id in rest[0]:
                    messages[name].pop(message_id, None)
    for name, queue in queues.items():
        queue["messages"] = list(messages[name].values())


def _replay_item(table_name: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    table = dynamodb._tables.get(table_name)
    if table is None:  # deleted since
        return
    item = new or old or {}
    partition = dynamodb._extract_key_val(item[table["pk_name"]])
    sort = dynamodb._extract_key_val(item[table["sk_name"]]) if table["sk_name"] else "__no_sort__"
    if new is None:
        dynamodb._remove_item(table, partition, sort)
    else:
        dynamodb._set_item(table, partition, sort, new)


def _log_items(journal: Journal) -> None:
    """Log each change of an item: put, update, delete, batch and transaction all announce it to streams.

    Stream records are kept only while a function reads the stream: of the others nobody would ever see them, and they
    fill the memory for a day.
    """

    def announce(original: Callable[..., None]) -> Callable[..., None]:
        def emit(name: str, event: str, old: dict[str, Any] | None, new: dict[str, Any] | None, **options: Any) -> None:
            journal.append("item", get_account_id(), get_region(), name, None if new else _keys(name, old), new)
            arn = (dynamodb._tables.get(name) or {}).get("LatestStreamArn")
            if any(mapping.get("EventSourceArn") == arn for mapping in lambda_svc._esms.values()):
                original(name, event, old, new, **options)

        return emit

    def expire(original: Callable[..., Any]) -> Callable[..., Any]:
        def remove(table: dict[str, Any], partition: Any, sort: Any) -> Any:
            old = original(table, partition, sort)
            # The emulator's TTL sweep forgets to announce what it removes.
            if old is not None and threading.current_thread().name == "dynamodb-ttl-reaper":
                region, account = table["TableArn"].split(":")[3:5]
                with request_scope(account, region):
                    dynamodb._emit_stream_event(table["TableName"], "REMOVE", old, None)
            return old

        return remove

    def whole(original: Callable[..., Any]) -> Callable[..., Any]:
        def transact(data: dict[str, Any]) -> Any:
            with journal.transaction():
                return original(data)

        return transact

    replace(dynamodb, "_emit_stream_event", announce)
    replace(dynamodb, "_remove_item", expire)
    replace(dynamodb, "_transact_write_items", whole)


def _keys(table_name: str, item: dict[str, Any] | None) -> dict[str, Any]:
    table = dynamodb._tables[table_name]
    return {name: (item or {})[name] for name in (table["pk_name"], table["sk_name"]) if name}


def _log_messages(journal: Journal) -> None:
    """Log each message sent and each deleted.

    Sending takes the queue's lock, which the emulator only takes in the background threads that deliver to Lambda and
    then put a new list in place of the old: a message appended to the old one at that moment would be gone.
    """

    def send(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def send_message(data: dict[str, Any], url: str) -> dict[str, Any]:
            with sqs._queues_lock:
                answer = original(data, url)
                queue = sqs._get_q(data.get("QueueUrl", url))
                message = queue["messages"][-1] if queue["messages"] else None
                if message and message["id"] == answer["MessageId"]:  # not a duplicate that FIFO swallowed
                    journal.append("sent", *_place(queue), message)
            return answer

        return send_message

    @contextmanager
    def deletions(url: str, receipt_handles: set[str]) -> Generator[None]:
        queue = sqs._get_q(url)
        named = [message["id"] for message in queue["messages"] if message["receipt_handle"] in receipt_handles]
        yield
        if named:
            journal.append("deleted", *_place(queue), named)

    def delete(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete_message(data: dict[str, Any], url: str) -> Any:
            entries = data.get("Entries", [data])
            handles = {entry["ReceiptHandle"] for entry in entries if entry.get("ReceiptHandle")}
            with sqs._queues_lock, deletions(data.get("QueueUrl", url), handles):
                return original(data, url)

        return delete_message

    def consume(original: Callable[..., None]) -> Callable[..., None]:
        def delete_consumed(url: str, receipt_handles: set[str]) -> None:
            with deletions(url, receipt_handles):
                original(url, receipt_handles)

        return delete_consumed

    replace(sqs, "_act_send_message", send)
    replace(sqs, "_act_delete_message", delete)
    replace(sqs, "_act_delete_message_batch", delete)
    replace(sqs, "_delete_messages_for_esm", consume)
    sqs._HANDLERS["SendMessage"] = sqs._act_send_message
    sqs._HANDLERS["DeleteMessage"] = sqs._act_delete_message
    sqs._HANDLERS["DeleteMessageBatch"] = sqs._act_delete_message_batch


def _place(queue: dict[str, Any]) -> tuple[str, str, str]:
    arn = queue["attributes"]["QueueArn"]
    region, account = arn.split(":")[3:5]
    return account, region, arn


def _save_devices(journal: Journal) -> None:
    """Save IoT's registry whole when a call has changed it, or a message is retained."""

    def control(original: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def handle_request(method: str, *request: Any) -> Response:
            answer = await original(method, *request)
            if method not in {"GET", "HEAD"}:
                journal.save("iot", _document(iot.get_state))
            return answer

        return handle_request

    def publish(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def broker_publish(*arguments: Any, **options: Any) -> None:
            await original(*arguments, **options)
            if options.get("retain"):
                journal.save("iot", _document(iot.get_state))
            await journal.durable()  # the broker acknowledges when this returns

        return broker_publish

    replace(iot, "handle_request", control)
    replace(iot, "broker_publish", publish)


def _save_executions(journal: Journal) -> None:
    """Save the workflows' executions whole when one is started, stopped or at its end."""

    def control(original: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def handle_request(method: str, path: str, headers: dict[str, str], *request: Any) -> Response:
            answer = await original(method, path, headers, *request)
            if headers.get("x-amz-target", "").split(".")[-1].startswith(("Start", "Stop", "Send")):
                journal.save("stepfunctions", _document(stepfunctions.get_state))
            return answer

        return handle_request

    def execution(original: Callable[[str], None]) -> Callable[[str], None]:
        def run(arn: str) -> None:
            original(arn)
            journal.save("stepfunctions", _document(stepfunctions.get_state))

        return run

    replace(stepfunctions, "handle_request", control)
    replace(stepfunctions, "_run_execution", execution)


def _answer_when_durable(journal: Journal) -> None:
    """Hold each answer of an AWS call back until what it acknowledges, or shows, is on disk; else answer 503."""

    def dispatch(original: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def dispatch_service_request(*request: Any) -> Response:
            answer = await original(*request)
            try:
                await journal.durable()
            except JournalBroken as error:
                document = {"__type": "ServiceUnavailable", "message": f"The state cannot be written: {error}"}
                return 503, {"Content-Type": "application/json"}, json.dumps(document).encode()
            return answer

        return dispatch_service_request

    replace(gateway, "_dispatch_service_request", dispatch)
