"""One tenant's objects in the exports bucket: small ones whole, large ones as a stream to lay down and take up again.

Keys here are relative: what is outside is below ``organizations/<organization>/``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from whimbrel.ids import OrganizationId

PART_BYTES = 8 * 1024 * 1024
PARTS_OF_A_SIZE = 500
"""Parts grow by ``PART_BYTES`` after each so many: the 10,000 that S3 allows are good for 820 GiB."""

NOT_THERE = frozenset({"404", "NoSuchKey", "403", "AccessDenied"})
"""Without ``s3:ListBucket``, which nobody here has, S3 says 403 of a key that is not there."""


class Stat(NamedTuple):
    """What is known of an object without reading it; ``etag`` is another when its content is."""

    size_bytes: int
    etag: str


class Changed(Exception):
    """An object is gone, or is not the one that was meant."""


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one organization; *client* must be its own."""

    client: S3Client
    bucket: str
    organization_id: OrganizationId

    def put(self, key: str, body: bytes) -> None:
        """Store an object."""
        self.client.put_object(Bucket=self.bucket, Key=self.full(key), Body=body)

    def get(self, key: str) -> bytes | None:
        """Return an object's content, or None if it is not there."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=self.full(key))["Body"].read()
        except ClientError as error:
            if _code(error) in NOT_THERE:
                return None
            raise

    def stat(self, key: str) -> Stat | None:
        """Return what is known of an object, or None if it is not there."""
        try:
            answer = self.client.head_object(Bucket=self.bucket, Key=self.full(key))
        except ClientError as error:
            if _code(error) in NOT_THERE:
                return None
            raise
        return Stat(answer["ContentLength"], answer["ETag"])

    def get_range(self, key: str, etag: str, start: int, end: int) -> bytes:
        """Return the bytes ``start <= position < end`` of an object, which must have so many.

        Raises:
            Changed: the object of that *etag* is not there any more.
        """
        try:
            answer = self.client.get_object(
                Bucket=self.bucket, Key=self.full(key), Range=f"bytes={start}-{end - 1}", IfMatch=etag
            )
        except ClientError as error:
            if _code(error) in NOT_THERE | {"PreconditionFailed", "412"}:
                raise Changed(key) from error
            raise
        return answer["Body"].read()

    def upload_form(
        self, key: str, *, content_type: str, max_bytes: int, lifetime_s: int
    ) -> tuple[str, dict[str, str]]:
        """Return where to send a form that uploads this one object, and its fields; good for *lifetime_s* seconds.

        S3 refuses another key or type, and what is empty or exceeds *max_bytes*.
        """
        form = self.client.generate_presigned_post(
            self.bucket,
            self.full(key),
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=lifetime_s,
        )
        return form["url"], form["fields"]

    def delete(self, key: str) -> None:
        """Delete an object; it need not be there."""
        self.client.delete_object(Bucket=self.bucket, Key=self.full(key))

    def download_url(self, key: str, *, file_name: str, lifetime_s: int, content_type: str = "application/zip") -> str:
        """Return a link to this one object for whoever has it, saved as *file_name* (ASCII), for *lifetime_s* s."""
        return self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": self.full(key),
                "ResponseContentDisposition": f'attachment; filename="{file_name}"',
                "ResponseContentType": content_type,
            },
            ExpiresIn=lifetime_s,
        )

    def begin_upload(self, key: str, content_type: str = "application/zip") -> Upload:
        """Return a new upload."""
        begun = self.client.create_multipart_upload(
            Bucket=self.bucket, Key=self.full(key), ContentType=content_type, ChecksumAlgorithm="CRC32"
        )
        return Upload(self, key, begun["UploadId"])

    def full(self, key: str) -> str:
        """Return the key that the bucket knows."""
        return f"organizations/{self.organization_id}/{key}"


@dataclass(slots=True)
class Upload:
    """A multipart upload as a stream to append to. Nobody sees the object before it is complete.

    Its state is plain: whoever keeps the fields can go on from them. A part uploaded again replaces the one before, so
    going on from older fields repeats work and nothing else.
    """

    objects: Objects
    key: str
    id: str
    parts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tail: bytearray = field(default_factory=bytearray)
    uploaded_bytes: int = 0

    def write(self, data: bytes, /) -> int:
        """Append *data*."""
        self.tail += data
        while len(self.tail) >= (part_bytes := PART_BYTES * (1 + len(self.parts) // PARTS_OF_A_SIZE)):
            self._send(part_bytes)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes were appended."""
        return self.uploaded_bytes + len(self.tail)

    def flush(self) -> None:
        """Do nothing: the last bytes wait until they make a part."""

    def complete(self) -> None:
        """Make the object of all that was appended."""
        self._send(len(self.tail))
        self.objects.client.complete_multipart_upload(
            Bucket=self.objects.bucket,
            Key=self.objects.full(self.key),
            UploadId=self.id,
            MultipartUpload={"Parts": self.parts},  # pyright: ignore[reportArgumentType] (as S3 answered them)
        )

    def abort(self) -> None:
        """Forget all that was uploaded, if it has not become an object; it may be forgotten already."""
        client = self.objects.client
        try:
            client.abort_multipart_upload(Bucket=self.objects.bucket, Key=self.objects.full(self.key), UploadId=self.id)
        except client.exceptions.NoSuchUpload:
            return

    def _send(self, part_bytes: int) -> None:
        number = len(self.parts) + 1
        answer = self.objects.client.upload_part(
            Bucket=self.objects.bucket,
            Key=self.objects.full(self.key),
            UploadId=self.id,
            PartNumber=number,
            Body=bytes(memoryview(self.tail)[:part_bytes]),
            ChecksumAlgorithm="CRC32",
        )
        # The tag and the checksum go into the completion: a part that somebody else has replaced then fails it.
        proofs = {name: answer[name] for name in ("ETag", "ChecksumCRC32") if name in answer}
        self.parts.append({"PartNumber": number, **proofs})
        del self.tail[:part_bytes]
        self.uploaded_bytes += part_bytes


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
