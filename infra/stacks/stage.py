"""What tells one deployment from another: the settings of a stage, all from CDK context."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from aws_cdk import App

LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A deployment of the platform; each field is the context key of the same name in camelCase (``-c stage=prod``).

    Empty means *not wanted*: no OIDC issuer, no user sessions; no ``web_acl_arn``, no firewall.
    """

    name: str
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks_url: str = ""
    web_acl_arn: str = ""
    python: str = ""
    """A Python 3.13 interpreter, by which bytecode is compiled into the artefacts."""
    consumer_concurrency: int | None = None
    """Concurrent executions reserved for each queue consumer; a young account has only ten in all."""
    requests_per_second: int = 500

    @classmethod
    def of(cls, app: App) -> Self:
        """Read the stage of *app*.

        Raises:
            ValueError: the stage's name would not fit into a resource name.
        """

        def context(key: str, default: Any = "") -> Any:
            value = app.node.try_get_context(key)
            return default if value is None else value

        name = str(context("stage", "dev"))
        if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", name):
            raise ValueError(f"A stage is named by 1 to 16 lower-case letters and digits, not {name!r}.")
        concurrency = context("consumerConcurrency")
        return cls(
            name=name,
            oidc_issuer=str(context("oidcIssuer")),
            oidc_audience=str(context("oidcAudience")),
            oidc_jwks_url=str(context("oidcJwksUrl")),
            web_acl_arn=str(context("webAclArn")),
            python=str(context("python")),
            consumer_concurrency=int(concurrency) if concurrency else None,
            requests_per_second=int(context("requestsPerSecond", 500)),
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
        }

    @property
    def is_local(self) -> bool:
        """Whether this is the laptop's stage: Lambdas run in the development environment, without vendored wheels."""
        return self.name == LOCAL
