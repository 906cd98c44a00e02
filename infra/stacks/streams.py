"""The other way from the rules to ingestion: a Kinesis stream, for fleets whose messages would cost more in a queue."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.stacks.grants import Allow
from infra.stacks.queues import DELIVERIES, dead_letters
from infra.stacks.review import accept
from infra.stacks.stage import Stage


class ReadingsStream(Construct):
    """The readings stream, on demand, and the queue that is told of the batches that were given up."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.stream = kinesis.Stream(
            self,
            "readings",
            stream_mode=kinesis.StreamMode.ON_DEMAND,
            encryption=kinesis.StreamEncryption.MANAGED,
            retention_period=Duration.days(1),
        )
        self._given_up = dead_letters(self, "readings-dead")
        accept(self.stream, "KDS3", reason="What passes through lies here for a day; the tables have the key.")
        accept(self._given_up, "SQS3", reason="It is itself where batches go that were given up.")

    def wake(self, function: lambda_.Function) -> None:
        """Let the stream wake *function*, which reports the first message that it could not handle.

        A batch that fails is halved until the message is alone; after a few attempts the queue is told where in the
        stream it is, and the shard goes on.
        """
        consume = (
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
        )
        function.add_to_role_policy(Allow(consume, (self.stream.stream_arn,)).statement())
        function.add_to_role_policy(Allow(("sqs:SendMessage",), (self._given_up.queue_arn,)).statement())
        lambda_.CfnEventSourceMapping(
            self,
            "Consumer",
            function_name=function.function_name,
            event_source_arn=self.stream.stream_arn,
            starting_position="TRIM_HORIZON",
            batch_size=self._stage.ingest_batch_size,
            maximum_batching_window_in_seconds=self._stage.ingest_window_s,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=DELIVERIES,
            function_response_types=["ReportBatchItemFailures"],
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=self._given_up.queue_arn)
            ),
        )
