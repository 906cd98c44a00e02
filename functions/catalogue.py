"""Every Lambda of the platform, a line each.

Standard library only: the CDK reads this file and ``openapi.json``, never the code behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto


class Needs(Flag):
    """What a function may touch; ``infra/stacks/functions.py`` turns each into the least grant that serves it."""

    NOTHING = 0
    REGISTRY_READ = auto()
    REGISTRY_WRITE = auto()
    LIMITS = auto()
    """Count the requests of a caller and of an organization."""
    AUDIT_WRITE = auto()
    """Add to the audit log."""
    AUDIT_READ = auto()
    READINESS = auto()
    """Ask whether the registry answers."""
    ORGANIZATIONS_READ = auto()
    """Read the list of all organizations."""
    ORGANIZATIONS_WRITE = auto()
    AUTHENTICATE = auto()
    """Look at credentials and memberships, and note that they were used, or guessed at."""
    AUTH_READ = auto()
    AUTH_WRITE = auto()
    READINGS_READ = auto()
    READINGS_WRITE = auto()
    BLOCKS_WRITE = auto()
    """Merge into blocks and move marks: compaction, and large backfills at ingestion."""
    ROLLUPS_WRITE = auto()
    """Keep the sums of past days, for the next query."""
    COMPACT_QUEUE = auto()
    """Ask for a lane to be compacted."""
    SECRET = auto()
    """Read the platform's secret, from which cursor and credential keys are derived."""
    CERTIFICATES_ISSUE = auto()
    """Issue certificates, and attach them to the things that devices are."""
    CERTIFICATES_END = auto()
    """End certificates, connections and things."""
    EXPORT_START = auto()
    """Start the workflow of an export."""
    EXPORT_READ = auto()
    """Presign and delete finished exports."""
    EXPORT_WRITE = auto()
    ERASE = auto()
    """Remove all that a tenant has, its audit log too."""
    ERASE_OUTSIDE = auto()
    """Remove what tells of an organization outside its own partitions: who gets in, and the list of all."""
    JOB_START = auto()
    """Start the workflow of a job."""
    IMPORT_FILES = auto()
    """Presign, read, write and delete the files of imports."""
    ENDPOINT = auto()
    """Ask IoT Core for the host that devices connect to."""


STORING = Needs.READINGS_READ | Needs.READINGS_WRITE | Needs.BLOCKS_WRITE | Needs.COMPACT_QUEUE
"""What the store of readings takes to append and to compact."""
CHANGING = Needs.REGISTRY_READ | Needs.REGISTRY_WRITE | Needs.LIMITS | Needs.AUDIT_WRITE | Needs.SECRET
"""What every function with operations that change something takes: repeated calls, limits and the audit log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One Lambda: its name, the resource folders in its artefact, and what it may touch.

    ``handler`` is an import path; an HTTP function's is ``functions.entry.<name>``. ``queue`` names the SQS queue
    that wakes it. ``columnar`` adds the layer with numpy and Arrow.
    """

    name: str
    folders: tuple[str, ...]
    needs: Needs = Needs.NOTHING
    handler: str = ""
    queue: str = ""
    columnar: bool = False
    memory_mb: int = 512
    timeout_s: int = 29

    @property
    def import_path(self) -> str:
        """Where the handler is: ``package.module.attribute``."""
        return self.handler or f"functions.entry.{self.name}"


HTTP_FUNCTIONS = (
    Function(
        name="fleet",
        folders=("devices", "components", "sensors", "device_groups", "sites"),
        needs=CHANGING | Needs.READINGS_READ | Needs.CERTIFICATES_END | Needs.JOB_START,
    ),
    Function(
        name="provisioning",
        folders=("registration", "certificates"),
        needs=CHANGING | Needs.AUTH_READ | Needs.AUTH_WRITE | Needs.CERTIFICATES_ISSUE | Needs.CERTIFICATES_END,
    ),
    Function(
        name="readings",
        folders=("readings", "quarantine"),
        columnar=True,
        needs=CHANGING | STORING | Needs.JOB_START,
        memory_mb=1024,
    ),
    Function(
        name="jobs",
        folders=("jobs", "imports"),
        needs=CHANGING | Needs.JOB_START | Needs.IMPORT_FILES,
    ),
    Function(
        name="queries",
        folders=("queries",),
        columnar=True,
        needs=Needs.REGISTRY_READ | Needs.LIMITS | Needs.READINGS_READ | Needs.ROLLUPS_WRITE,
        memory_mb=1769,
    ),
    Function(
        name="exports",
        folders=("exports",),
        needs=CHANGING | Needs.EXPORT_START | Needs.EXPORT_READ,
    ),
    Function(
        name="analytics",
        folders=("annotation_classes", "annotations"),
        needs=CHANGING,
    ),
    Function(
        name="profiles",
        folders=("sensor_profiles", "device_profiles", "schemas", "packs"),
        needs=CHANGING,
    ),
    Function(
        name="access",
        folders=("me", "organizations", "members", "invitations", "api_keys", "access_tokens", "audit_log"),
        needs=CHANGING | Needs.AUDIT_READ | Needs.AUTH_READ | Needs.AUTH_WRITE | Needs.JOB_START,
    ),
    Function(
        name="entities",
        folders=("entities",),
        columnar=True,
        needs=CHANGING | STORING | Needs.ROLLUPS_WRITE | Needs.CERTIFICATES_END,
        memory_mb=1769,
    ),
    Function(
        name="dots",
        folders=("dots",),
        columnar=True,
        needs=CHANGING | STORING | Needs.ROLLUPS_WRITE | Needs.AUTHENTICATE | Needs.CERTIFICATES_END | Needs.JOB_START,
        memory_mb=1769,
    ),
    Function(name="reference", folders=("reference",), needs=Needs.READINESS),
)

EVENT_FUNCTIONS = (
    Function(
        name="authorizer",
        folders=("authorizer",),
        handler="functions.authorizer.authorize.handler",
        needs=Needs.AUTHENTICATE | Needs.SECRET,
        timeout_s=10,
    ),
    Function(
        name="ingest",
        folders=("readings",),
        handler="functions.readings.ingest.handler",
        queue="readings",
        needs=Needs.REGISTRY_READ | Needs.REGISTRY_WRITE | STORING,
        # One processor, and time for 6 MB of messages of ten thousand devices that it has never heard of.
        memory_mb=1769,
        timeout_s=120,
    ),
    Function(
        name="compact",
        folders=("readings",),
        handler="functions.readings.compact.handler",
        queue="compaction",
        columnar=True,
        needs=Needs.REGISTRY_READ | Needs.ORGANIZATIONS_READ | STORING,
        memory_mb=1024,
        timeout_s=300,
    ),
    Function(
        name="presence",
        folders=("devices",),
        handler="functions.devices.presence.handler",
        queue="presence",
        needs=Needs.REGISTRY_READ | Needs.REGISTRY_WRITE | Needs.AUTH_READ,
    ),
    Function(
        name="export_steps",
        folders=("exports",),
        handler="functions.exports.steps.handler",
        columnar=True,
        needs=Needs.REGISTRY_READ | Needs.REGISTRY_WRITE | Needs.READINGS_READ | Needs.EXPORT_WRITE,
        memory_mb=2048,
        timeout_s=900,
    ),
    Function(
        name="job_steps",
        folders=("jobs",),
        handler="functions.jobs.steps.handler",
        columnar=True,
        needs=Needs.REGISTRY_READ
        | Needs.REGISTRY_WRITE
        | STORING
        | Needs.IMPORT_FILES
        | Needs.CERTIFICATES_END
        | Needs.ERASE
        | Needs.ERASE_OUTSIDE,
        memory_mb=2048,
        timeout_s=900,
    ),
    Function(
        name="operator",
        folders=("organizations",),
        handler="functions.organizations.operator.handler",
        needs=Needs.REGISTRY_READ
        | Needs.REGISTRY_WRITE
        | Needs.AUDIT_WRITE
        | Needs.AUDIT_READ
        | Needs.AUTH_READ
        | Needs.AUTH_WRITE
        | Needs.ORGANIZATIONS_WRITE
        | Needs.JOB_START
        | Needs.SECRET,
        timeout_s=60,
    ),
)

DEPLOYMENT_FUNCTIONS = (
    Function(
        name="endpoint",
        folders=("endpoint",),
        handler="functions.endpoint.resource.handler",
        needs=Needs.ENDPOINT,
        memory_mb=256,
        timeout_s=60,
    ),
)
"""What CloudFormation wakes while the stacks are still in the making."""

FUNCTIONS = HTTP_FUNCTIONS + EVENT_FUNCTIONS + DEPLOYMENT_FUNCTIONS
