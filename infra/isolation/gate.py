"""Holds every call that the platform makes in this process to the policies that are deployed with it.

Emulators let through what AWS would refuse: none of them compares the keys of items with the tag of a session. Here
each call is judged before it leaves, by what AWS would see: the role of the function of the moment, or the tenant role
and the organization that a session was made for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.isolation.policies import Policies, Principal, Role
from infra.isolation.requests import Unmapped, requests_of
from whimbrel.aws import clients

_SESSION = "whimbrel_session"


class Gate:
    """The policies of a deployment, and what came of the calls that were held to them.

    ``judged`` counts calls, ``denied`` and ``unmapped`` say which were not let through, ``assumed`` counts sessions.
    """

    def __init__(self, policies: Policies, *, by_hand: bool = False) -> None:
        """Begin with nothing judged.

        With *by_hand*, what no function does is done by a test: its own calls are its own business, and its sessions
        may do for one organization what any function may.
        """
        self._by_hand = by_hand
        everything = {repr(statement): statement for role in _tenant_roles(policies) for statement in role.statements}
        self._anybodys = Role(f"arn:aws:iam::{policies.account}:role/any", (), tuple(everything.values()))
        self._policies = policies
        self._acting: ContextVar[str] = ContextVar("acting", default="")
        self._sessions: dict[str, Principal] = {}
        self.judged = 0
        self.assumed = 0
        self.denied: list[str] = []
        self.unmapped: list[str] = []

    @contextmanager
    def shut(self) -> Generator[None]:
        """Hold to the policies all calls of clients that the platform makes inside the block."""
        make, role_arn = clients._make, clients.tenant_role_arn
        gated = self.close()
        try:
            yield
            if clients._make is not gated:
                raise RuntimeError("somebody opened the gate: whimbrel.aws.clients._make is another")
        finally:
            _begin_anew(make, role_arn)

    def close(self) -> Callable[[str, dict[str, str]], Any]:
        """Hold to the policies all calls from now on; return what makes clients instead."""
        gated = partial(self._make, clients._make)
        _begin_anew(gated, self._tenant_role_arn)
        return gated

    @contextmanager
    def acting_as(self, handler: str) -> Generator[None]:
        """Be the function of that import path inside the block, in this thread."""
        token = self._acting.set(handler)
        try:
            yield
        finally:
            self._acting.reset(token)

    def _make(self, make: Callable[[str, dict[str, str]], Any], service: str, credentials: dict[str, str]) -> Any:
        made = make(service, credentials)
        session = self._sessions[credentials["aws_access_key_id"]] if credentials else None
        judge = partial(self._judge, service, session)
        made.meta.events.register_first("before-parameter-build", judge)
        made.meta.events.register("after-call.sts.AssumeRole", self._remember)
        if service == "s3":
            sign = made.generate_presigned_post

            def generate_presigned_post(bucket: str, key: str, **options: Any) -> Any:
                self._decide(service, "PutObject", {"Bucket": bucket, "Key": key}, session)
                return sign(bucket, key, **options)

            made.generate_presigned_post = generate_presigned_post
        return made

    def _judge(
        self,
        service: str,
        session: Principal | None,
        params: dict[str, Any],
        model: Any,
        context: dict[str, Any],
        **_: Any,
    ) -> None:
        if context.get("is_presign_request") and model.name == "CreateBucket":
            return  # the stand-in for a form that uploads an object, which has been judged as what it is
        self._decide(service, model.name, params, session)
        if model.name == "AssumeRole":
            context[_SESSION] = params

    def _decide(self, service: str, operation: str, params: Mapping[str, Any], session: Principal | None) -> None:
        who = session or self._function()
        if who is None:
            return
        try:
            requests = requests_of(service, operation, params, self._policies)
        except Unmapped as call:
            self.unmapped.append(str(call))
            raise
        self.judged += 1
        for request in requests:
            if not who.may(request, self._policies):
                self.denied.append(f"{who.role.arn} {request}")
                raise _refusal(service, operation, f"{who.role.arn} is not authorized to perform: {request.action}")

    def _function(self) -> Principal | None:
        handler = self._acting.get()
        if handler:
            return Principal(self._policies.functions[handler].own)
        if self._by_hand:
            return None
        raise Unmapped("a call of no function")

    def _tenant_role_arn(self) -> str:
        handler = self._acting.get()
        role = self._policies.functions[handler].tenant if handler else self._anybodys
        return role.arn if role else ""

    def _remember(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if "Credentials" not in parsed:
            return
        self.assumed += 1
        asked = context[_SESSION]
        role = self._policies.roles.get(asked["RoleArn"], self._anybodys)
        [organization_id] = [tag["Value"] for tag in asked["Tags"] if tag["Key"] == "org"]
        self._sessions[parsed["Credentials"]["AccessKeyId"]] = Principal(role, organization_id)


def _tenant_roles(policies: Policies) -> list[Role]:
    return [roles.tenant for roles in policies.functions.values() if roles.tenant]


def _begin_anew(make: Callable[[str, dict[str, str]], Any], role_arn: Callable[[], str]) -> None:
    """Have clients made by *make*, and none be there that was made before."""
    clients._make, clients.tenant_role_arn = make, role_arn
    clients._own.cache_clear()  # noqa: SLF001 (all clients of the process come from there)
    clients.forget_sessions()


def _refusal(service: str, operation: str, message: str) -> ClientError:
    code = "AccessDenied" if service in {"s3", "sts", "sqs"} else "AccessDeniedException"
    status = 400 if service == "dynamodb" else 403
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # pyright: ignore[reportArgumentType]
        operation,
    )
