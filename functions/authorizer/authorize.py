"""The API's REQUEST authorizer: a bearer credential in, who it stands for out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from whimbrel.auth import THROTTLED
from whimbrel.aws.clients import client
from whimbrel.aws.errors import is_transient
from whimbrel.domain.credentials import PREFIXES
from whimbrel.logs import log
from whimbrel.settings import settings
from whimbrel.store.callers import caller_with
from whimbrel.store.limits import FailedAttempts
from whimbrel.store.memberships import memberships

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
        Unauthorized: no credential, or one that stands for nobody; whatever goes wrong in judging one, too, but for
        what passes by itself, which is raised as it is.
    """
    header = next((v for k, v in (event.get("headers") or {}).items() if k.lower() == "authorization"), "")
    context = None
    if header[: len(_SCHEME)].lower() == _SCHEME:
        try:
            context = _context_of(header[len(_SCHEME) :].strip())
        except Exception as error:
            log.exception("credential not judged")
            # A good credential must not be called bad, or a guess, because AWS is busy: the gateway answers 503. All
            # else would be a 500 for a stranger's malformed credential.
            if is_transient(error):
                raise
    if context is None:
        context = _throttled(event)
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


def _throttled(event: Mapping[str, Any]) -> dict[str, str]:
    """Return what lets the API answer 429 to an address that guesses: this function could only have it answer 401.

    Raises:
        Unauthorized: it may go on for now.
    """
    address = ((event.get("requestContext") or {}).get("identity") or {}).get("sourceIp") or ""
    retry_after_s = FailedAttempts(client("dynamodb"), settings().auth_table).note(address)
    if retry_after_s is None:
        raise Unauthorized
    return {"kind": THROTTLED, "subject": "nobody", "retryAfter": str(retry_after_s)}


def _context_of(credential: str) -> dict[str, str] | None:
    if credential.startswith(PREFIXES):
        caller = caller_with(credential)
        return caller.context() if caller else None
    from functions.authorizer.sessions import LEEWAY_S, claims_of

    claims = claims_of(credential)
    if claims is None:
        return None
    return {
        "kind": "USER",
        "subject": claims["sub"],
        "organizationId": str(claims.get(settings().oidc_organization_claim) or ""),
        "memberships": json.dumps(memberships().of(claims["sub"])),
        "validUntil": str(int(claims["exp"]) + LEEWAY_S),
        "email": str(claims.get("email") or ""),
        "emailVerified": str(claims.get("email_verified", "")).lower(),
    }


def _whole_stage(method_arn: str) -> str:
    api, stage, *_ = method_arn.split("/")
    return f"{api}/{stage}/*"
