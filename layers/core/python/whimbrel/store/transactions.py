"""Several writes that happen together or not at all."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import HTTPClientError

from whimbrel.problems import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

MAX_PARTS = 100
_ATTEMPTS = 8
_CONDITION = "ConditionalCheckFailed"
_OTHERS = {"None", _CONDITION, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


def commit(client: DynamoDBClient, parts: Sequence[Any]) -> frozenset[int]:
    """Write all *parts*, in the form of TransactWriteItems, or none.

    Returns the positions of the parts whose condition did not hold: none if everything is written. A lost answer is no
    such failure: the SDK repeats the call under the same token, and a call that is made anew finds its own mark
    (``write``) on what it put.

    Raises:
        Unavailable: others kept writing the same items, or the store does not answer.
    """
    told = [_telling(part) for part in parts]
    for attempt in range(_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=told)
        except client.exceptions.TransactionCanceledException as error:
            reasons: list[Any] = error.response.get("CancellationReasons", [])
            failed = frozenset(at for at, reason in enumerate(reasons) if reason.get("Code") == _CONDITION)
            if failed:
                # All were written together, so one that is ours tells of all.
                ours = any(_is_written(parts[at], reasons[at].get("Item", {})) for at in failed)
                return frozenset() if ours else failed
            if any(reason.get("Code") not in _OTHERS for reason in reasons):
                raise
            time.sleep(min(0.5, 0.02 * 2**attempt) * random.random())  # noqa: S311 (jitter)
        except HTTPClientError as error:
            raise Unavailable("The store does not answer; send this again in a moment.") from error
        else:
            return frozenset()
    raise Unavailable("Others are changing the same; send this again in a moment.")


def _telling(part: Any) -> Any:
    """Return *part*, asking for what is there if its condition does not hold."""
    if "write" not in part.get("Put", {}).get("Item", {}):
        return part
    return {"Put": {**part["Put"], "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}


def _is_written(part: Any, there: Any) -> bool:
    mark = part.get("Put", {}).get("Item", {}).get("write")
    return mark is not None and mark == there.get("write")
