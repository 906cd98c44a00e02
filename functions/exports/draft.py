"""An export while it is written: an archive that grows by a file a step, laid down after each and taken up again.

Its state between two steps is one object: a line of JSON, then the bytes that wait for the next part of the upload. A
step that is repeated starts from the same state and writes the same; one that had finished is not repeated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from functions.exports.contents import COLUMNS, START, Extent, Position
from whimbrel.aws.objects import Upload
from whimbrel.domain.archive import Archive, Member
from whimbrel.domain.exports import Content, Export, ExportFormat, ExportId, draft_key, object_key
from whimbrel.domain.parquet import parquet_columns, write_parquet
from whimbrel.domain.tabular import Batch, write_csv, write_jsonl
from whimbrel.store.tenant import Tenant

WRITERS = {ExportFormat.CSV: write_csv, ExportFormat.JSONL: write_jsonl, ExportFormat.PARQUET: write_parquet}
DEFLATE_LEVELS = {ExportFormat.CSV: 1, ExportFormat.JSONL: 1, ExportFormat.PARQUET: 0}
"""The level is the cost: 1 packs text to a twentieth, and Parquet is packed already."""


class DraftLost(Exception):
    """The draft of an export at work is not there."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the archive, and how many rows it has."""

    content: Content
    rows: int
    member: Member


@dataclass(slots=True)
class Draft:
    """What is written so far, and what is still to be: ``position`` is where to go on with the first of ``todo``."""

    tenant: Tenant
    export: Export
    upload: Upload
    todo: list[Content]
    position: Position = START
    files: list[File] = field(default_factory=list[File])
    steps: int = 0

    @classmethod
    def begin(cls, tenant: Tenant, export: Export) -> Draft:
        """Return a new draft, saved."""
        upload = tenant.objects.begin_upload(object_key(export.id))
        draft = cls(tenant, export, upload, list(export.includes))
        draft.save()
        return draft

    @classmethod
    def find(cls, tenant: Tenant, export: Export) -> Draft | None:
        """Return the draft of *export* as it was last saved, or None."""
        saved = tenant.objects.get(draft_key(export.id))
        if saved is None:
            return None
        line, _, tail = saved.partition(b"\n")
        state = json.loads(line)
        files = [File(Content(each["content"]), each["rows"], Member(**each["member"])) for each in state["files"]]
        return cls(
            tenant,
            export,
            Upload(tenant.objects, **state["upload"], tail=bytearray(tail)),
            [Content(name) for name in state["todo"]],
            Position(*state["position"]),
            files,
            state["steps"],
        )

    @classmethod
    def of(cls, tenant: Tenant, export: Export) -> Draft:
        """Return the draft of *export*, which has been begun.

        Raises:
            DraftLost: it is gone.
        """
        draft = cls.find(tenant, export)
        if draft is None:
            raise DraftLost(export.id)
        return draft

    @staticmethod
    def discard(tenant: Tenant, export_id: ExportId) -> None:
        """Forget the draft of an export, if there is one, and what it uploaded unless that is complete."""
        saved = tenant.objects.get(draft_key(export_id))
        if saved is None:
            return
        Upload(tenant.objects, **json.loads(saved.partition(b"\n")[0])["upload"]).abort()
        tenant.objects.delete(draft_key(export_id))

    def save(self) -> None:
        """Keep this draft for the next step."""
        upload = {name: getattr(self.upload, name) for name in ("key", "id", "parts", "uploaded_bytes")}
        state = {
            "upload": upload,
            "todo": self.todo,
            "position": self.position,
            "files": [asdict(file) for file in self.files],
            "steps": self.steps,
        }
        self.tenant.objects.put(draft_key(self.export.id), json.dumps(state).encode() + b"\n" + self.upload.tail)

    def write_file(self, extent: Extent, may_go_on: Callable[[float], bool]) -> None:
        """Write the next file, all of it or until *may_go_on*, which is told the share that is written, says no.

        What is then left goes into another file: ``readings.csv``, ``readings-2.csv``, ….
        """
        content = self.todo[0]
        number = 1 + sum(file.content is content for file in self.files)
        extension = self.export.format.lower()
        name = f"{content.lower()}{f'-{number}' if number > 1 else ''}.{extension}"
        rows = 0

        def batches() -> Iterator[Batch]:
            nonlocal rows
            total = len(self.export.includes)
            behind = total - len(self.todo)
            for item in extent.rows(content, self.position):
                for batch in item.batches:
                    rows += batch.rows
                    yield batch
                if not item.next:
                    continue
                self.position = item.next
                if not may_go_on((behind + item.share) / total):
                    return
            self.todo.pop(0)
            self.position = START

        write = WRITERS[self.export.format]
        member = self._archive().add(name, lambda sink: write(COLUMNS[content], batches(), sink))
        self.files.append(File(content, rows, member))
        self.steps += 1

    def complete(self) -> None:
        """Write the manifest and the archive's directory, and make the object of it all."""
        archive = self._archive()
        archive.add("manifest.json", lambda sink: sink.write(self.manifest()))
        archive.close()
        self.upload.complete()

    def rows(self) -> dict[Content, int]:
        """Return how many rows each kind of contents has."""
        return {
            content: sum(file.rows for file in self.files if file.content is content)
            for content in self.export.includes
        }

    def manifest(self) -> bytes:
        """Return what is said about the archive inside it: JSON; times as on the wire."""
        asked = self.export.model_dump(
            mode="json",
            by_alias=True,
            include={"scope_type", "scope_id", "start", "end", "includes", "format", "requested_by", "created_at"},
        )
        described = parquet_columns if self.export.format is ExportFormat.PARQUET else list
        manifest = {
            "exportId": self.export.id,
            "organizationId": self.tenant.organization_id,
            **asked,
            "counts": {content.lower(): rows for content, rows in self.rows().items()},
            "files": [
                {
                    "name": file.member.name,
                    "rows": file.rows,
                    "sizeBytes": file.member.size_bytes,
                    "sha256": file.member.sha256,
                }
                for file in self.files
            ],
            "columns": {
                content.lower(): [
                    {"name": column.name, "type": column.kind, "description": column.description}
                    for column in described(COLUMNS[content])
                ]
                for content in self.export.includes
            },
        }
        return json.dumps(manifest, indent=2, ensure_ascii=False).encode()

    def _archive(self) -> Archive:
        members = [file.member for file in self.files]
        return Archive(self.upload, members, level=DEFLATE_LEVELS[self.export.format])
