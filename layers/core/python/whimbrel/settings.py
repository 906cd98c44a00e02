"""What the deployment decides: the environment, read once at first use."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Names of the platform's resources. Each field is the environment variable of the same name in capitals.

    A function is given only the variables it needs; one that is missing is an empty string, and using it fails loudly
    in the AWS client. The standard library reads it: ingestion must start without pydantic.
    """

    stage: str = ""
    tenant_role_arn: str = ""
    registry_table: str = ""
    auth_table: str = ""
    log_table: str = ""
    blocks_table: str = ""
    audit_table: str = ""
    exports_bucket: str = ""
    compact_queue_url: str = ""
    export_workflow_arn: str = ""
    job_workflow_arn: str = ""
    secret_arn: str = ""
    device_policy_name: str = ""
    device_thing_type: str = ""
    mqtt_host: str = ""
    mqtt_port: str = "8883"
    mqtt_ca_path: str = ""
    """A file of PEM certificates that devices verify the broker by; empty: Amazon Root CA 1."""
    key_requests_per_second: str = "100"
    organization_requests_per_second: str = "500"
    dots_body_bytes: str = "10000"
    """How long a body of the dots API may be."""
    cors_origins: str = ""
    """The origins whose pages may call the API from a browser, with commas between; none if empty."""
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks_url: str = ""
    oidc_organization_claim: str = "org"
    """The claim of a session that names the organization it is about, where it names one."""


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings(
        **{field.name: value for field in fields(Settings) if (value := os.environ.get(field.name.upper()))}
    )
