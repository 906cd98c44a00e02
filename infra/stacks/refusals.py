"""What API Gateway refuses by itself, said as our handlers would say it: RFC 9457 with a stable code."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway

TYPE_BASE = "https://whimbrel.dev/problems/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One of the gateway's response types as a problem document."""

    response_type: str
    status: int
    code: str
    title: str
    detail: str
    retry_after_s: int | None = None

    def add_to(self, api: apigateway.RestApi, *, origin: str = "") -> None:
        """Make *api* answer so, and let pages of *origin* read it.

        The gateway cannot choose among origins here: pages of others learn from it that there was an error, not which.
        """
        headers = {
            "Content-Type": "'application/problem+json'",
            "Cache-Control": "'no-store'",
            "Strict-Transport-Security": "'max-age=63072000; includeSubDomains'",
            "X-Content-Type-Options": "'nosniff'",
            "X-Request-Id": "context.requestId",
        }
        if origin:
            headers |= {
                "Access-Control-Allow-Origin": f"'{origin}'",
                "Access-Control-Expose-Headers": "'Retry-After,X-Request-Id'",
                "Vary": "'Origin'",
            }
        if self.retry_after_s is not None:
            headers["Retry-After"] = f"'{self.retry_after_s}'"
        api.add_gateway_response(
            self.response_type.title().replace("_", ""),
            type=apigateway.ResponseType.of(self.response_type),
            status_code=str(self.status),
            response_headers=headers,
            # The gateway picks a template by what the client accepts, and falls back to this type alone.
            templates={"application/json": self.template()},
        )

    def template(self) -> str:
        """Return the body; the gateway puts in the request's id."""
        return json.dumps(
            {
                "type": TYPE_BASE + self.code,
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "requestId": "$context.requestId",
            }
        )


def _unauthenticated(response_type: str) -> Refusal:
    return Refusal(
        response_type=response_type,
        status=401,
        code="unauthenticated",
        title="Not authenticated",
        detail="Send a valid API key, access token or session in the Authorization header.",
    )


def _forbidden(response_type: str, detail: str = "The credential does not allow this.") -> Refusal:
    return Refusal(response_type=response_type, status=403, code="forbidden", title="Forbidden", detail=detail)


def _no_such_route(response_type: str) -> Refusal:
    return Refusal(
        response_type=response_type,
        status=404,
        code="no-such-route",
        title="No such route",
        detail="This API has no such path, or not this method on it; GET /api/v3/api-docs lists them.",
    )


def _bad_request(response_type: str) -> Refusal:
    return Refusal(
        response_type=response_type,
        status=400,
        code="bad-request",
        title="Bad request",
        detail="The request could not be understood.",
    )


def _too_many(response_type: str) -> Refusal:
    return Refusal(
        response_type=response_type,
        status=429,
        code="too-many-requests",
        title="Too many requests",
        detail="Slow down, and try again after the seconds in Retry-After.",
        retry_after_s=1,
    )


def _internal(response_type: str) -> Refusal:
    return Refusal(
        response_type=response_type,
        status=500,
        code="internal-error",
        title="Internal error",
        detail="Something went wrong on our side; quote the request id.",
    )


def _unavailable(response_type: str) -> Refusal:
    return Refusal(
        response_type=response_type,
        status=503,
        code="unavailable",
        title="Temporarily unavailable",
        detail="The answer did not come in time; try again after the seconds in Retry-After.",
        retry_after_s=2,
    )


REFUSALS = (
    _unauthenticated("UNAUTHORIZED"),
    _forbidden("ACCESS_DENIED"),
    _forbidden("EXPIRED_TOKEN"),
    _forbidden("INVALID_API_KEY"),
    _forbidden("INVALID_SIGNATURE"),
    _forbidden("WAF_FILTERED", "The firewall refused the request."),
    _no_such_route("MISSING_AUTHENTICATION_TOKEN"),
    _no_such_route("RESOURCE_NOT_FOUND"),
    _bad_request("BAD_REQUEST_BODY"),
    _bad_request("BAD_REQUEST_PARAMETERS"),
    _bad_request("DEFAULT_4XX"),
    Refusal(
        response_type="REQUEST_TOO_LARGE",
        status=413,
        code="payload-too-large",
        title="Payload too large",
        detail="A body may have 10 MB at most, also after inflating.",
    ),
    Refusal(
        response_type="UNSUPPORTED_MEDIA_TYPE",
        status=415,
        code="unsupported-media-type",
        title="Unsupported media type",
        detail="Send application/json.",
    ),
    _too_many("THROTTLED"),
    _too_many("QUOTA_EXCEEDED"),
    _unavailable("AUTHORIZER_FAILURE"),
    _internal("AUTHORIZER_CONFIGURATION_ERROR"),
    _internal("API_CONFIGURATION_ERROR"),
    _internal("DEFAULT_5XX"),
    _unavailable("INTEGRATION_FAILURE"),
    _unavailable("INTEGRATION_TIMEOUT"),
)
