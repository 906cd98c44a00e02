"""The API's REQUEST authorizer: a bearer credential in, who it stands for out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from whimbrel.aws.clients import client
from whimbrel.aws.secret import derived_key
from whimbrel.logs import log
from whimbrel.settings import settings
from whimbrel.store.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEME = "bearer "


class Unauthorized(Exception):
    """API Gateway answers 401 to exactly this message."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Return the policy and context of the caller.

    Raises:
        Unauthorized: no credential, or one that stands for nobody; whatever goes wrong in judging one, too.
    """
    header = next((v for k, v in (event.get("headers") or {}).items() if k.lower() == "authorization"), "")
    if header[: len(_SCHEME)].lower() != _SCHEME:
        raise Unauthorized
    try:
        context = _context_of(header[len(_SCHEME) :].strip())
    except Exception as error:
        # An error here would be a 500 for a stranger's malformed credential.
        log.exception("credential not judged")
        raise Unauthorized from error
    if context is None:
        raise Unauthorized
    return {
        "principalId": context["subject"],
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                # All of the stage: the gateway keeps this answer for the credential's other calls too.
                {
                    "Effect": "Allow",
                    "Action": "execute-api:Invoke",
                    "Resource": _whole_stage(event["methodArn"]),
                }
            ],
        },
        "context": context,
    }


def _context_of(credential: str) -> dict[str, str] | None:
    credentials = Credentials(client("dynamodb"), settings().auth_table, derived_key("credentials"))
    if credential.startswith("sk_"):
        caller = credentials.caller_of_key(credential)
        return caller.context() if caller else None
    from functions.authorizer.sessions import claims_of

    claims = claims_of(credential)
    if claims is None:
        return None
    memberships = credentials.memberships(claims["sub"])
    return {
        "kind": "USER",
        "subject": claims["sub"],
        "organizationId": str(claims.get("org") or ""),
        "memberships": json.dumps(memberships),
    }


def _whole_stage(method_arn: str) -> str:
    api, stage, *_ = method_arn.split("/")
    return f"{api}/{stage}/*"
