"""The evaluator against another's, on cases made by chance: ``make test-oracle``.

``WHIMBREL_IAM_SIMULATE`` names a directory in which npm has installed ``@cloud-copilot/iam-simulate``. That is under
the AGPL: a program beside this one, and no part of the platform.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.isolation.evaluator import Decision, Request, judge

CASES = 20_000
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/registry"
A, B = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b", "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2c"
VARIABLE = "${aws:PrincipalTag/org}"
ACTIONS = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:BatchWriteItem")
PATTERNS = (*ACTIONS, "dynamodb:Get*", "dynamodb:*", "*", "dynamodb:?etItem", "DYNAMODB:getitem", "s3:GetObject")
RESOURCES = (TABLE, f"{TABLE[:-1]}?", f"{TABLE}*", "*", f"{TABLE}x", f"arn:aws:dynamodb:*:*:table/{VARIABLE}")
KEYS = (f"ORG#{A}#x", f"ORG#{B}#x", f"ORG#{A}", "ORG#*#x", A, "a", "A")
EXPECTED = (f"ORG#{VARIABLE}#*", f"ORG#{A}#*", "ORG#?*", "*", "a", f"ORG#{VARIABLE}", "ORG#${*}#x", f"ORG#{B}#x")
COMPARISONS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
DECISIONS = {
    "Allowed": Decision.ALLOWED,
    "ExplicitlyDenied": Decision.DENIED,
    "ImplicitlyDenied": Decision.NOT_ALLOWED,
}


def case(chance: random.Random) -> dict[str, Any]:
    """Return a policy and a request, in the words of both."""
    context: dict[str, Any] = {}
    if chance.random() < 0.8:
        context["aws:PrincipalTag/org"] = chance.choice((A, B, "*", "a"))
    if chance.random() < 0.8:
        context["dynamodb:LeadingKeys"] = chance.sample(KEYS, chance.randint(1, 3))
    if chance.random() < 0.5:
        context["aws:SecureTransport"] = chance.choice(("true", "false"))
    if chance.random() < 0.5:
        context["aws:PrincipalArn"] = f"arn:aws:iam::123456789012:role/{chance.choice('xyz')}"
    statements = [statement(chance, "aws:PrincipalTag/org" in context) for _ in range(chance.randint(1, 3))]
    policy = {"Version": "2012-10-17", "Statement": statements}
    return {"policy": policy, "action": chance.choice(ACTIONS), "resource": TABLE, "context": context}


def statement(chance: random.Random, tagged: bool) -> dict[str, Any]:  # noqa: FBT001
    effect = "Allow" if chance.random() < 0.75 else "Deny"
    # A Deny whose variable has no value is an error here, and nothing at all to others: see the evaluator.
    plain = effect == "Deny" and not tagged

    def some(choices: tuple[str, ...]) -> list[str]:
        usable = [choice for choice in choices if not (plain and "${aws" in choice)]
        return chance.sample(usable, chance.randint(1, 2))

    conditions: dict[str, Any] = {}
    for _ in range(chance.randint(0, 3)):
        match chance.randint(0, 4):
            case 0 | 1:
                comparison = chance.choice(COMPARISONS)
                # In an exact comparison the other leaves ``${*}`` as it is; AWS documents a star.
                expected = tuple(each for each in EXPECTED if "${*}" not in each or "Like" in comparison)
                operator = f"{chance.choice(('ForAllValues', 'ForAnyValue'))}:{comparison}"
                conditions[operator] = {"dynamodb:LeadingKeys": some(expected)}
            case 2:
                operator = chance.choice(COMPARISONS) + chance.choice(("", "IfExists"))
                expected = tuple(each for each in EXPECTED if "${*}" not in each)
                conditions[operator] = {"aws:PrincipalTag/org": some((*expected, A, B))}
            case 3:
                operator = chance.choice(("Bool", "Null", "BoolIfExists"))
                conditions[operator] = {"aws:SecureTransport": chance.choice(("true", "false"))}
            case _:
                patterns = (
                    "arn:aws:iam::*:role/x",
                    "arn:aws:iam::123456789012:role/*",
                    "arn:*",
                    "arn:aws:iam::1*:role/?",
                )
                conditions[chance.choice(("ArnLike", "ArnEquals"))] = {"aws:PrincipalArn": some(patterns)}
    made = {"Effect": effect, "Action": some(PATTERNS), "Resource": some(RESOURCES)}
    return made | ({"Condition": conditions} if conditions else {})


def ours(asked: dict[str, Any]) -> Decision:
    context = {
        key.lower(): tuple(value) if isinstance(value, list) else value for key, value in asked["context"].items()
    }
    return judge(asked["policy"]["Statement"], Request(asked["action"], asked["resource"], context))


def main() -> int:
    """Compare, and return how many cases are judged differently (at most 1, for the shell)."""
    if not os.environ.get("WHIMBREL_IAM_SIMULATE"):
        sys.exit("WHIMBREL_IAM_SIMULATE names no directory with @cloud-copilot/iam-simulate")
    seed = int(os.environ.get("WHIMBREL_SEED", random.SystemRandom().randrange(2**32)))
    chance = random.Random(seed)
    cases = [case(chance) for _ in range(CASES)]
    script = Path(__file__).with_suffix(".mjs")
    answered = subprocess.run(
        ["node", script], input="\n".join(map(json.dumps, cases)), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    theirs = [DECISIONS.get(answer, answer) for answer in answered]
    assert len(theirs) == CASES
    differ = [
        (asked, ours(asked), answer) for asked, answer in zip(cases, theirs, strict=True) if ours(asked) != answer
    ]
    for asked, mine, answer in differ[:5]:
        print(json.dumps(asked), mine, answer)
    counted = {decision.value: theirs.count(decision) for decision in Decision}
    print(f"seed {seed}: {CASES:,} cases, {counted}, {len(differ)} judged differently")
    return min(len(differ), 1)


if __name__ == "__main__":
    sys.exit(main())
