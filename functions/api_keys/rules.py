"""Who may give which keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whimbrel.auth import Role
from whimbrel.domain.api_keys import OwnersOnly, OwnScopes

if TYPE_CHECKING:
    from whimbrel.auth import Caller
    from whimbrel.domain.api_keys import ApiKey


def check_gift(caller: Caller, key: ApiKey) -> None:
    """Do nothing if *caller* may have *key* made: nobody gives more than they have, and only owners give for ever.

    Raises:
        MissingScope: it can do what the caller cannot. OwnersOnly: it has no end.
    """
    caller.require_all(key.scopes)
    if key.expires_at is None and caller.role is not Role.OWNER:
        raise OwnersOnly("Only an owner, in a session or by a token, makes a key that never expires; give expiresAt.")


def check_change(caller: Caller, before: ApiKey, after: ApiKey) -> None:
    """Do nothing if *caller* may make *after* of *before*.

    A key that can do more than its caller is not theirs to change: to prolong it were to give what they do not have.

    Raises:
        MissingScope: the key can, or is to, do what the caller cannot. OwnScopes: it is the caller's own.
        OwnersOnly: it is not to end any more.
    """
    caller.require_all(before.scopes)
    if after.scopes != before.scopes and caller.credential_id == before.id:
        raise OwnScopes("A key cannot change its own scopes; use another.")
    if after.expires_at is None and before.expires_at is None:
        caller.require_all(after.scopes)
    else:
        check_gift(caller, after)
