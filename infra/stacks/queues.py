"""The queues that wake Lambdas: encrypted, patient enough for their consumer, each with a dead-letter queue."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.catalogue import FUNCTIONS, Function
from infra.stacks.grants import Allow
from infra.stacks.review import accept
from infra.stacks.stage import Stage

DELIVERIES = 5
"""How often a message is offered before it is set aside."""

VISIBILITY_PER_TIMEOUT = 6
"""AWS's own advice: retries of a throttled consumer must fit before the message shows again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """How many messages make an invocation, and how long the first of them waits for the others."""

    size: int
    window_s: int
    concurrency: int | None = None
    """How many invocations at once, where that is bounded for the queue alone."""


BATCHING = {
    "compaction": Batching(size=10, window_s=5),
    "presence": Batching(size=50, window_s=1),
}

READINGS = "readings"
"""The queue whose batching the stage decides; there is none where a stream carries readings."""


class Queues(Construct):
    """A queue for every ``queue`` that the catalogue names, and one for what the IoT rules could not deliver."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._batching = BATCHING | {
            READINGS: Batching(
                size=stage.ingest_batch_size, window_s=stage.ingest_window_s, concurrency=stage.ingest_concurrency
            )
        }
        wanted = [spec for spec in FUNCTIONS if spec.queue and not (spec.queue == READINGS and stage.is_streaming)]
        self._by_name = {spec.queue: self._queue(spec) for spec in wanted}
        self.rule_errors = dead_letters(self, "rule-errors")
        accept(self.rule_errors, "SQS3", reason="It is itself the dead-letter queue of the IoT rules.")

    def __getitem__(self, name: str) -> sqs.Queue:
        return self._by_name[name]

    def wake(self, function: lambda_.Function, name: str) -> None:
        """Let the queue *name* wake *function*, which reports the messages it could not handle one by one."""
        queue = self._by_name[name]
        batching = self._batching[name]
        consume = (
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
        )
        function.add_to_role_policy(Allow(consume, (queue.queue_arn,)).statement())
        function.add_event_source_mapping(
            "Queue",
            event_source_arn=queue.queue_arn,
            batch_size=batching.size,
            max_batching_window=Duration.seconds(batching.window_s),
            max_concurrency=batching.concurrency,
            report_batch_item_failures=True,
        )

    def _queue(self, spec: Function) -> sqs.Queue:
        return sqs.Queue(
            self,
            spec.queue,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(
                VISIBILITY_PER_TIMEOUT * spec.timeout_s + self._batching[spec.queue].window_s
            ),
            retention_period=Duration.days(14),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=dead_letters(self, f"{spec.queue}-dead"), max_receive_count=DELIVERIES
            ),
        )


def dead_letters(scope: Construct, construct_id: str) -> sqs.Queue:
    """Return a queue that keeps what failed, for as long as SQS can."""
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
