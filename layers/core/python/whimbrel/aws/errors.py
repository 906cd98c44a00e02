"""Which errors of AWS pass by themselves."""

from __future__ import annotations

THROTTLED = {
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_FAULT = 500


def is_transient(error: BaseException) -> bool:
    """Tell whether the call may well succeed in a moment: AWS was busy, broken, or did not answer in time."""
    from botocore.exceptions import ClientError, HTTPClientError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _FAULT or error.response.get("Error", {}).get("Code") in THROTTLED
    return isinstance(error, HTTPClientError)
