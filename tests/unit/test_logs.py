"""Logs: nothing that is a secret gets into a record, whichever way it comes."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.domain.credentials import PREFIXES, new_public_part, public_part, whole
from whimbrel.domain.provisioning import Token
from whimbrel.ids import DeviceId
from whimbrel.logs import MASK, log, masked


def a_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


KEYS = {prefix: whole(new_public_part(prefix)) for prefix in PREFIXES}
TOKEN = Token.new(DeviceId.new())
JWT = jwt.encode({"sub": "user-1"}, "x" * 32, algorithm="HS256")
PEM = a_pem()
SIGNATURE = "0123456789abcdef" * 4
LINK = (
    "https://exports.s3.eu-central-1.amazonaws.com/organizations/x/exports/y.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    f"&X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20260101&X-Amz-Signature={SIGNATURE}&X-Amz-Security-Token=IQoJb3Jp%2FZ2lu"
)
SESSION = "IQoJb3JpZ2luX2VjEXAMPLE/+=="

SECRETS: dict[str, tuple[str, str]] = {
    # The text, and what must not be left of it.
    **{prefix: (text, text[len(public_part(text)) :]) for prefix, text in KEYS.items()},
    "registration token": (f"{TOKEN.id}.{TOKEN.device_id}.{TOKEN.secret}", TOKEN.secret),
    "session": (JWT, JWT.partition(".")[2]),
    "session in a URL": (f"?token%3D{JWT}", JWT.partition(".")[2]),
    "private key": (PEM, PEM.splitlines()[1]),
    "private key in JSON": (json.dumps(PEM), PEM.splitlines()[1]),
    "private key, cut": (PEM[:100], PEM.splitlines()[1][:40]),
    "presigned link": (LINK, SIGNATURE),
    "presigned link's session": (LINK, "IQoJb3Jp"),
    "presigned link's credential": (LINK, "ASIAIOSFODNN7EXAMPLE"),
    "fields of a form": (json.dumps({"x-amz-signature": SIGNATURE}), SIGNATURE),
    "session of STS": (json.dumps({"SessionToken": SESSION, "SecretAccessKey": "wJalrXUtnFEMI"}), SESSION),
    "key of STS": (repr({"aws_secret_access_key": "wJalrXUtnFEMI"}), "wJalrXUtnFEMI"),
    "authorization": (json.dumps({"Authorization": "Bearer something-else-entirely"}), "something-else"),
    "authorization header": ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNz"),
    "bearer": ("Bearer 0123456789abcdef0123", "0123456789abcdef"),
}


class LambdaFormat(logging.Formatter):
    """As Lambda's JSON format makes lines: the fields of a record, the exception's type, text and stack."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in record.__dict__.items() if name not in {"args", "exc_info", "msg"}}
        fields["message"] = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            _, error, stack = record.exc_info
            fields["errorType"] = type(error).__name__
            fields["errorMessage"] = str(error)
            fields["stackTrace"] = traceback.format_tb(stack)
        return json.dumps(fields, default=str, ensure_ascii=False)


@pytest.fixture(
    params=[LambdaFormat(), logging.Formatter("%(message)s %(extra)s", defaults={"extra": ""})], ids=["json", "text"]
)
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is written, as Lambda writes it and as a terminal shows it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request.param)
    log.addHandler(handler)
    yield stream
    log.removeHandler(handler)


class Opaque:
    """An object whose text has what it was given."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def raised(text: str) -> None:
    raise ValueError(f"cannot take {text}")


def caused(text: str) -> None:
    try:
        raised(text)
    except ValueError as error:
        raise RuntimeError("it went wrong") from error


def in_an_exception(text: str, fail: Callable[[str], None]) -> None:
    try:
        fail(text)
    except (ValueError, RuntimeError):
        log.exception("failed")


WAYS: dict[str, Callable[[str], Any]] = {
    "message": lambda text: log.info(f"it was {text}"),
    "argument": lambda text: log.info("it was %s, twice %r", text, text),
    "named argument": lambda text: log.info("it was %(this)s", {"this": text}),
    "extra": lambda text: log.info("it was", extra={"extra": text}),
    "extra in depth": lambda text: log.info("it was", extra={"extra": {"a": [{"b": (text, 1)}]}}),
    "extra object": lambda text: log.info("it was", extra={"extra": Opaque(text)}),
    "exception": lambda text: in_an_exception(text, raised),
    "cause": lambda text: in_an_exception(text, caused),
    "exception of several": lambda text: log.error("failed", exc_info=ExceptionGroup("some", [ValueError(text)])),
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("kind", list(SECRETS))
def test_no_secret_gets_into_a_line(written: io.StringIO, kind: str, way: str) -> None:
    text, secret = SECRETS[kind]

    WAYS[way](text)

    line = written.getvalue()
    assert line
    assert secret not in line
    assert secret not in line.replace("\\n", "\n").replace('\\"', '"')


def test_what_is_no_secret_stays_as_it_is(written: io.StringIO) -> None:
    device = DeviceId.new()
    extra = {"requestId": "abc", "deviceId": device, "count": 3, "ratio": 0.5, "is": True, "none": None, "list": ["x"]}

    log.warning("thing %s of %d not deleted yet", device, 2, extra=extra)
    in_an_exception("nothing in particular", caused)

    lines = written.getvalue()
    assert MASK not in lines
    assert f"thing {device} of 2 not deleted yet" in lines
    assert "it went wrong" in lines
    assert "compatible_with_everything_and_more" in masked("compatible_with_everything_and_more")


def test_what_names_a_secret_in_public_stays() -> None:
    text = KEYS["sk_live_"]

    assert masked(f"key {text} refused") == f"key {public_part(text)}{MASK} refused"
    assert masked(SECRETS["registration token"][0]) == f"{TOKEN.id}.{TOKEN.device_id}.{MASK}"


def test_an_exception_is_told_by_its_own_name_and_place(written: io.StringIO) -> None:
    in_an_exception(KEYS["pat_"], raised)

    line = written.getvalue()
    assert "ValueError" in line
    assert "in raised" in line
    assert f"cannot take {public_part(KEYS['pat_'])}{MASK}" in line


def test_an_exception_without_secrets_is_the_one_that_was_raised() -> None:
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    log.addHandler(handler)
    error = ValueError("plain")
    try:
        log.error("failed", exc_info=error)
    finally:
        log.removeHandler(handler)

    assert seen[0].exc_info
    assert seen[0].exc_info[1] is error


@given(st.text())
def test_any_text_can_be_logged_and_masking_twice_is_masking_once(text: str) -> None:
    once = masked(text)

    assert masked(once) == once


@pytest.mark.parametrize(
    "part",
    ["eyJ", "eyJ.", "%3DeyJ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "sk_live_", "sk_live_aaaaaaaaaaaaa ",
     "bearer ", "x-amz-signature", "authorization: ", "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b.", "a", " ",
     "sessiontoken"],
)  # fmt: skip
def test_a_long_text_does_not_take_for_ever(part: str) -> None:
    """What grows as the square of the text would be at this one for hours."""
    assert len(masked(part * (1_000_000 // len(part)))) <= 1_000_100
