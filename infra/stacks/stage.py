"""What tells one deployment from another: the settings of a stage, all from CDK context."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from aws_cdk import App

LOCAL = "local"
LOCAL_REQUESTS_PER_SECOND = 100_000
"""What no laptop reaches: tests of its own machine need not go slowly."""
ORIGIN = re.compile(r"https://[a-z0-9.-]+(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?")
MOST_AT_A_TIME_UNGATHERED = 10
"""What an event source hands over without waiting for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A deployment of the platform; each field is the context key of the same name in camelCase (``-c stage=prod``).

    Empty means *not given*: no OIDC issuer, a user pool of ours; no ``web_acl_arn``, no firewall.
    """

    name: str
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks_url: str = ""
    oidc_organization_claim: str = "org"
    """The claim of a session that may name the organization it is about."""
    web_acl_arn: str = ""
    python: str = ""
    """A Python 3.13 interpreter, by which bytecode is compiled into the artefacts."""
    consumer_concurrency: int | None = None
    """Concurrent executions reserved for each queue consumer; a young account has only ten in all."""
    requests_per_second: int = 500
    key_requests_per_second: int = 100
    """What a key or a user may ask; a key may have a limit of its own."""
    organization_requests_per_second: int = 500
    """What all keys and users of an organization may ask together."""
    cors_origins: tuple[str, ...] = ()
    """The origins whose pages may call the API from a browser."""
    dots_body_bytes: int = 10_000
    """How long a body of the dots API may be."""
    ingestion: str = "queue"
    """What carries readings from the IoT rule to ingestion: ``queue`` (SQS) or ``kinesis``."""
    ingest_window_s: int = 10
    """For how long messages gather for one invocation: fuller batches are cheaper, and readings that much later."""
    ingest_batch_size: int = 10_000
    ingest_concurrency: int = 2
    """How many batches of the queue are under way at once."""

    def __post_init__(self) -> None:
        """Refuse what Lambda would refuse in the middle of a deployment.

        Raises:
            ValueError: the name would not fit into a resource name, or a setting is beyond its bounds.
        """
        if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", self.name):
            raise ValueError(f"A stage is named by 1 to 16 lower-case letters and digits, not {self.name!r}.")
        if self.ingestion not in {"queue", "kinesis"}:
            raise ValueError(f"ingestion is queue or kinesis, not {self.ingestion!r}.")
        if not 1 <= self.ingest_batch_size <= 10_000:  # noqa: PLR2004 (Lambda's own bounds, here and below)
            raise ValueError(f"ingestBatchSize is 1 to 10,000, not {self.ingest_batch_size}.")
        if not 0 <= self.ingest_window_s <= 300:  # noqa: PLR2004
            raise ValueError(f"ingestWindowSeconds is 0 to 300, not {self.ingest_window_s}.")
        if self.ingest_batch_size > MOST_AT_A_TIME_UNGATHERED and not self.ingest_window_s:
            raise ValueError("More than 10 messages come together only within a window: ingestWindowSeconds is 0.")
        if not 2 <= self.ingest_concurrency <= 1_000:  # noqa: PLR2004
            raise ValueError(f"ingestConcurrency is 2 to 1,000, not {self.ingest_concurrency}.")
        self._check_answers()

    def _check_answers(self) -> None:
        for limit in (self.key_requests_per_second, self.organization_requests_per_second):
            if not 1 <= limit <= LOCAL_REQUESTS_PER_SECOND:
                raise ValueError(f"A limit is 1 to {LOCAL_REQUESTS_PER_SECOND} requests a second, not {limit}.")
        if not 1_000 <= self.dots_body_bytes <= 5_000_000:  # noqa: PLR2004 (beyond it Lambda's own limit is near)
            raise ValueError(f"dotsBodyBytes is 1,000 to 5,000,000, not {self.dots_body_bytes}.")
        for origin in self.cors_origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"corsOrigins are like https://app.example.com, without a path; not {origin!r}.")

    @classmethod
    def of(cls, app: App) -> Self:
        """Read the stage of *app*.

        Raises:
            ValueError: a setting is beyond its bounds.
        """

        def context(key: str, default: Any = "") -> Any:
            value = app.node.try_get_context(key)
            return default if value is None else value

        name = str(context("stage", "dev"))
        limits = (LOCAL_REQUESTS_PER_SECOND, LOCAL_REQUESTS_PER_SECOND) if name == LOCAL else (100, 500)
        concurrency = context("consumerConcurrency")
        return cls(
            name=name,
            oidc_issuer=str(context("oidcIssuer")),
            oidc_audience=str(context("oidcAudience")),
            oidc_jwks_url=str(context("oidcJwksUrl")),
            oidc_organization_claim=str(context("oidcOrganizationClaim", "org")),
            web_acl_arn=str(context("webAclArn")),
            python=str(context("python")),
            consumer_concurrency=int(concurrency) if concurrency else None,
            requests_per_second=int(context("requestsPerSecond", 500)),
            key_requests_per_second=int(context("keyRequestsPerSecond", limits[0])),
            organization_requests_per_second=int(context("organizationRequestsPerSecond", limits[1])),
            cors_origins=tuple(filter(None, str(context("corsOrigins")).split(","))),
            dots_body_bytes=int(context("dotsBodyBytes", 10_000)),
            ingestion=str(context("ingestion", "queue")),
            ingest_window_s=int(context("ingestWindowSeconds", 10)),
            ingest_batch_size=int(context("ingestBatchSize", 10_000)),
            ingest_concurrency=int(context("ingestConcurrency", 2)),
        )

    @property
    def prefix(self) -> str:
        """What every name of this deployment begins with."""
        return f"whimbrel-{self.name}"

    def sessions(self) -> dict[str, str]:
        """Return the environment that the authorizer verifies user sessions by."""
        return {
            "OIDC_ISSUER": self.oidc_issuer,
            "OIDC_AUDIENCE": self.oidc_audience,
            "OIDC_JWKS_URL": self.oidc_jwks_url,
            "OIDC_ORGANIZATION_CLAIM": self.oidc_organization_claim,
        }

    @property
    def has_user_pool(self) -> bool:
        """Whether people sign in at a user pool of this deployment: no issuer is given, and the laptop has its own."""
        return not (self.oidc_issuer or self.is_local)

    def answers(self) -> dict[str, str]:
        """Return the environment that the HTTP functions limit callers and answer browsers by."""
        return {
            "KEY_REQUESTS_PER_SECOND": str(self.key_requests_per_second),
            "ORGANIZATION_REQUESTS_PER_SECOND": str(self.organization_requests_per_second),
            "CORS_ORIGINS": ",".join(self.cors_origins),
        }

    @property
    def is_streaming(self) -> bool:
        """Whether a stream carries readings, and not a queue."""
        return self.ingestion == "kinesis"

    @property
    def is_local(self) -> bool:
        """Whether this is the laptop's stage: Lambdas run in the development environment, without vendored wheels."""
        return self.name == LOCAL
