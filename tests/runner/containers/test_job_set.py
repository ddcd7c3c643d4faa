"""What a job asks of its container, as far as it is known before an engine is asked."""

from __future__ import annotations

import pytest

from runner.backends.base import Lease
from runner.containers.job_set import JobSet
from runner.containers.options import Policy
from runner.containers.rules import ContainerRules
from runner.containers.spec import ContainerSpec, JobContainers

EVERYTHING = Policy(("--sysctl", "--runtime", "--userns", "--uts", "--privileged"))
SERVICE = ContainerSpec("db", "redis")


@pytest.mark.parametrize(
    ("options", "may"),
    [
        ("", True),
        ("--user 1000 --memory 1g -e A=b --tmpfs /run --label a=b --shm-size 1g --privileged", True),
        ("--hostname db", False),
        ("--domainname example", False),
        ("--add-host a:10.0.0.1", False),
        ("--dns 10.0.0.1", False),
        ("--dns-search example", False),
        ("--dns-option ndots:2", False),
        ("--network-alias me", False),
        ("--sysctl net.ipv4.ip_forward=1", False),
        ("--runtime other", False),
        ("--userns host", False),
        ("--uts host", False),
    ],
)
def test_which_options_need_a_network_namespace_of_their_own(options: str, may: bool) -> None:
    wanted = JobContainers(ContainerSpec("", "image", options=options))
    assert JobSet(None, ContainerRules("me", policy=EVERYTHING), Lease(1, 1), wanted).may_join is may


@pytest.mark.parametrize(
    ("wanted", "network", "may"),
    [
        (JobContainers(), "bridge", True),
        (JobContainers(), "none", True),
        (JobContainers(), "ours", True),
        (JobContainers(services=(SERVICE,)), "bridge", False),
        (JobContainers(), "host", False),
    ],
)
def test_which_jobs_have_a_network_namespace_of_their_own(wanted: JobContainers, network: str, may: bool) -> None:
    assert JobSet(None, ContainerRules("me", network=network), Lease(1, 1), wanted).may_join is may
