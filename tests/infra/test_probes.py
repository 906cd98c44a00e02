"""The probes of AWS, as far as they can be held to anything without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from functions.catalogue import FUNCTIONS
from infra.isolation.evaluator import Request
from infra.isolation.policies import Principal
from infra.isolation.requests import Unmapped, requests_of
from tests.aws.probes import PROBES, TAGS, Names, Probe
from tests.gateway import ROOT
from tests.gating import policies

HANDLERS = {spec.name: spec.import_path for spec in FUNCTIONS}
OWN, OTHER = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b", "1190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
NAMES = Names(registry="registry", auth="auth", log="log", blocks="blocks", audit="audit", bucket="exports")


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_probe_expects_what_the_evaluator_says(probe: Probe) -> None:
    tenant = policies().functions[HANDLERS[probe.function]].tenant
    assert tenant
    params = probe.params(NAMES, OWN, OTHER if probe.foreign else OWN)

    try:
        requests = requests_of(probe.service, probe.operation, params, policies())
    except Unmapped:
        requests = [Request(f"{probe.service}:{probe.operation}", "*")]

    session = Principal(tenant, OWN)
    assert all(session.may(request, policies()) for request in requests) == probe.allowed


@pytest.mark.parametrize("case", list(TAGS))
def test_a_session_s_tags_are_judged_as_the_probe_expects(case: str) -> None:
    tags, allowed = TAGS[case]
    roles = policies().functions[HANDLERS["readings"]]
    assert roles.tenant
    said = [{"Key": key, "Value": value.format(OWN)} for key, value in tags.items()]
    asked = {"RoleArn": roles.tenant.arn, "RoleSessionName": "probe", "Tags": said}

    requests = requests_of("sts", "AssumeRole", asked, policies())

    assert all(Principal(roles.own).may(request, policies()) for request in requests) == allowed


def test_the_probes_are_collected_and_skipped_where_no_stage_is_named() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WHIMBREL_AWS")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "tests/aws"]

    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    counted = re.search(r"(\d+) skipped", ran.stdout)
    assert counted, ran.stdout + ran.stderr
    assert int(counted[1]) >= 40
    assert not re.search(r"\d+ (passed|failed|error)", ran.stdout)
    assert ran.returncode == 0
