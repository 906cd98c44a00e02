"""Objects of the exports bucket: small ones whole, large ones as a stream that can be laid down and taken up again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from whimbrel.aws.clients import client
from whimbrel.settings import settings

PART_BYTES = 8 * 1024 * 1024
PARTS_OF_A_SIZE = 500
"""Parts grow by ``PART_BYTES`` after each so many: the 10,000 that S3 allows are good for 820 GiB."""

NOT_THERE = frozenset({"404", "NoSuchKey", "403", "AccessDenied"})
"""Without ``s3:ListBucket``, which nobody here has, S3 says 403 of a key that is not there."""


def put(key: str, body: bytes) -> None:
    """Store an object."""
    client("s3").put_object(Bucket=settings().exports_bucket, Key=key, Body=body)


def get(key: str) -> bytes | None:
    """Return an object's content, or None if it is not there."""
    try:
        return client("s3").get_object(Bucket=settings().exports_bucket, Key=key)["Body"].read()
    except ClientError as error:
        if _code(error) in NOT_THERE:
            return None
        raise


class Stat(NamedTuple):
    """What is known of an object without reading it; ``etag`` is another when its content is."""

    size_bytes: int
    etag: str


class Changed(Exception):
    """An object is gone, or is not the one that was meant."""


def stat(key: str) -> Stat | None:
    """Return what is known of an object, or None if it is not there."""
    try:
        answer = client("s3").head_object(Bucket=settings().exports_bucket, Key=key)
    except ClientError as error:
        if _code(error) in NOT_THERE:
            return None
        raise
    return Stat(answer["ContentLength"], answer["ETag"])


def get_range(key: str, etag: str, start: int, end: int) -> bytes:
    """Return the bytes ``start <= position < end`` of an object, which must have so many.

    Raises:
        Changed: the object of that *etag* is not there any more.
    """
    try:
        answer = client("s3").get_object(
            Bucket=settings().exports_bucket, Key=key, Range=f"bytes={start}-{end - 1}", IfMatch=etag
        )
    except ClientError as error:
        if _code(error) in NOT_THERE | {"PreconditionFailed", "412"}:
            raise Changed(key) from error
        raise
    return answer["Body"].read()


def upload_form(key: str, *, content_type: str, max_bytes: int, lifetime_s: int) -> tuple[str, dict[str, str]]:
    """Return where to send a form that uploads this one object, and its fields; good for *lifetime_s* seconds.

    S3 refuses another key or type, and what is empty or exceeds *max_bytes*.
    """
    form = client("s3").generate_presigned_post(
        settings().exports_bucket,
        key,
        Fields={"Content-Type": content_type},
        Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
        ExpiresIn=lifetime_s,
    )
    return form["url"], form["fields"]


def delete(key: str) -> None:
    """Delete an object; it need not be there."""
    client("s3").delete_object(Bucket=settings().exports_bucket, Key=key)


def download_url(key: str, *, file_name: str, lifetime_s: int, content_type: str = "application/zip") -> str:
    """Return a link to this one object for whoever has it, saved as *file_name* (ASCII), for *lifetime_s* seconds."""
    return client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings().exports_bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
            "ResponseContentType": content_type,
        },
        ExpiresIn=lifetime_s,
    )


@dataclass(slots=True)
class Upload:
    """A multipart upload as a stream to append to. Nobody sees the object before it is complete.

    Its state is plain: whoever keeps the fields can go on from them. A part uploaded again replaces the one before, so
    going on from older fields repeats work and nothing else.
    """

    key: str
    id: str
    parts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tail: bytearray = field(default_factory=bytearray)
    uploaded_bytes: int = 0

    @classmethod
    def begin(cls, key: str, content_type: str = "application/zip") -> Upload:
        """Return a new upload."""
        begun = client("s3").create_multipart_upload(
            Bucket=settings().exports_bucket, Key=key, ContentType=content_type, ChecksumAlgorithm="CRC32"
        )
        return cls(key, begun["UploadId"])

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
        client("s3").complete_multipart_upload(
            Bucket=settings().exports_bucket,
            Key=self.key,
            UploadId=self.id,
            MultipartUpload={"Parts": self.parts},  # pyright: ignore[reportArgumentType] (as S3 answered them)
        )

    def abort(self) -> None:
        """Forget all that was uploaded, if it has not become an object; it may be forgotten already."""
        try:
            client("s3").abort_multipart_upload(Bucket=settings().exports_bucket, Key=self.key, UploadId=self.id)
        except client("s3").exceptions.NoSuchUpload:
            return

    def _send(self, part_bytes: int) -> None:
        number = len(self.parts) + 1
        answer = client("s3").upload_part(
            Bucket=settings().exports_bucket,
            Key=self.key,
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
