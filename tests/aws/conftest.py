"""Probes of a deployment in AWS. Nothing here runs unless ``WHIMBREL_AWS_STACK`` names the stage.

``WHIMBREL_AWS_STACK=dev WHIMBREL_AWS_PROFILE=… pytest tests/aws``. The profile may read Lambda's settings and IAM's
policies, make and delete roles called ``whimbrel-probe-…``, simulate policies, and write to the tables and the bucket.
All items and objects are of organizations that do not exist, and are removed at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.aws.deployed import Deployment, Twins

STAGE = os.environ.get("WHIMBREL_AWS_STACK", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if STAGE:
        return
    for item in items:
        if "tests/aws/" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason="asks AWS: name a stage in WHIMBREL_AWS_STACK"))


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    # By name: the tests' own environment has credentials that are none.
    session: Any = boto3.Session(profile_name=os.environ.get("WHIMBREL_AWS_PROFILE", "default"))
    region = os.environ.get("WHIMBREL_AWS_REGION") or session._session.get_scoped_config().get("region")
    return Deployment.of(boto3.Session(profile_name=session.profile_name, region_name=region), STAGE)


@pytest.fixture(scope="session")
def twins(deployment: Deployment) -> Iterator[Twins]:
    made = Twins(deployment)
    yield made
    made.end()
