"""``options:`` of a container: what is understood, what is refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest
from docker.types import Ulimit

from runner.containers import options
from runner.containers.limits import Limits
from runner.containers.options import CAPABILITIES, Policy
from runner.containers.spec import ContainerSpec
from runner.errors import InfrastructureError

SECOND = 10**9


def parse(text: str, *allowed: str) -> options.Options:
    return options.parse(ContainerSpec("db", "x", options=text), Policy(allowed))


def refusal(text: str, *allowed: str) -> str:
    with pytest.raises(InfrastructureError) as caught:
        parse(text, *allowed)
    assert caught.value.reason == "container_refused"
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("--hostname db -h other", {"hostname": "other"}),
        ("-hdb", {"hostname": "db"}),
        ("--user=1000:1000 -w /srv", {"user": "1000:1000", "working_dir": "/srv"}),
        ("-it --init --read-only=true", {"stdin_open": True, "init": True, "read_only": True}),
        ("--init=false", {"init": False}),
        ("--shm-size 1.5g", {"shm_size": 3 << 29}),
        ("--tmpfs /run:size=64m,exec --tmpfs /tmp", {"tmpfs": {"/run": "size=64m,exec", "/tmp": ""}}),
        ("--ulimit nofile=1024:2048", {"ulimits": [Ulimit(name="nofile", soft=1024, hard=2048)]}),
        ("--ulimit memlock=-1", {"ulimits": [Ulimit(name="memlock", soft=-1, hard=-1)]}),
        ("--add-host a:10.0.0.1 --dns 1.1.1.1", {"extra_hosts": ["a:10.0.0.1"], "dns": ["1.1.1.1"]}),
        ("--label a=b -l c", {"labels": {"a": "b", "c": ""}}),
        ("--stop-timeout 5 --expose 80 --rm", {}),
        ("--no-healthcheck", {"healthcheck": {"test": ["NONE"]}}),
        ("--entrypoint /bin/sh", {"entrypoint": ["/bin/sh"]}),
        ("--cap-add NET_BIND_SERVICE --cap-add cap_chown", {"cap_add": ["NET_BIND_SERVICE", "CHOWN"]}),
        (
            "--ipc=private --security-opt no-new-privileges",
            {"ipc_mode": "private", "security_opt": ["no-new-privileges"]},
        ),
        (
            "--health-cmd 'pg_isready -U \"me\"' --health-interval 10s --health-timeout 500ms --health-retries 5 "
            "--health-start-period 1m30s",
            {
                "healthcheck": {
                    "test": ["CMD-SHELL", 'pg_isready -U "me"'],
                    "interval": 10 * SECOND,
                    "timeout": SECOND // 2,
                    "retries": 5,
                    "start_period": 90 * SECOND,
                }
            },
        ),
    ],
)
def test_what_is_understood(text: str, expected: dict[str, Any]) -> None:
    assert parse(text).arguments == expected


def test_what_stands_beside_the_arguments() -> None:
    found = parse("-e A=b=c -e B --env C= -p 80:80 -v v:/x --mount type=volume,src=w,dst=/y,readonly --net-alias z")
    assert found.env == {"A": "b=c", "B": None, "C": ""}
    assert (found.ports, found.volumes, found.aliases) == (["80:80"], ["v:/x", "w:/y:ro"], ["z"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("--privileged", "'--privileged'"),
        ("--cap-add SYS_ADMIN", "'--cap-add SYS_ADMIN'"),
        ("--cap-add=ALL", "'--cap-add ALL'"),
        ("--device /dev/kvm", "'--device /dev/kvm'"),
        ("--pid host", "'--pid host'"),
        ("--pid=container:x", "'--pid container:x'"),
        ("--ipc host", "'--ipc host'"),
        ("--uts host", "'--uts host'"),
        ("--userns host", "'--userns host'"),
        ("--cgroupns host", "'--cgroupns host'"),
        ("--security-opt seccomp=unconfined", "'--security-opt seccomp=unconfined'"),
        ("--security-opt no-new-privileges:false", "'--security-opt no-new-privileges:false'"),
        ("--volumes-from x", "'--volumes-from x'"),
        ("--cgroup-parent /", "'--cgroup-parent /'"),
        ("--device-cgroup-rule 'a *:* rwm'", "'--device-cgroup-rule a *:* rwm'"),
        ("--sysctl net.core.somaxconn=1", "'--sysctl net.core.somaxconn=1'"),
        ("--runtime sysbox", "'--runtime sysbox'"),
        ("--gpus all", "'--gpus all'"),
        ("--group-add docker", "'--group-add docker'"),
    ],
)
def test_what_the_administrator_must_allow(text: str, value: str) -> None:
    said = refusal(text)
    name = text.split()[0].partition("=")[0]
    assert said.startswith(f"services.db.options asks for {value}, which this runner does not allow.")
    assert f"add '{name}' to docker.allow_options in its config.toml" in said
    parse(text, name)


def test_one_value_alone_may_be_allowed() -> None:
    allowed = "--cap-add=SYS_PTRACE"
    assert parse("--cap-add SYS_PTRACE", allowed).arguments == {"cap_add": ["SYS_PTRACE"]}
    assert "'--cap-add SYS_ADMIN'" in refusal("--cap-add SYS_ADMIN", allowed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--network host", "'--network' is not supported: the containers of a job share a network of its own"),
        ("--net=host", "'--network' is not supported"),
        ("--name db", "'--name' is not supported: the runner names its containers"),
        ("--restart always", "'--restart' is not supported"),
        ("--env-file /etc/passwd", "'--env-file' is not supported"),
        ("--nonsense x", "'--nonsense' is not supported by this runner"),
        ("-x", "'-x' is not known"),
        ("postgres", "'postgres' is no option"),
        ("--hostname", "'--hostname' needs a value"),
        ("--memory lots", "'lots' is no size such as 512m or 2g"),
        ("--health-interval 10", "'10' is no time such as 10s or 1m30s"),
        ("--health-retries many", "'many' is no whole number"),
        ("--cpus -1", "'-1' is not allowed"),
        ("--cpus inf", "'inf' is not allowed"),
        ("--init=perhaps", "'perhaps' is neither true nor false"),
        ("--ulimit nofile=x", "'nofile=x' is no limit"),
        ("--label forge.job=1", "the label 'forge.job' is the runner's own"),
        ("--health-cmd 'a", "No closing quotation"),
        ("--mount type=bind,source=x,target=/x", "the source of a bind is an absolute path"),
        ("--mount type=bind,source=/x,target=/x,bind-propagation=shared", "is not understood"),
    ],
)
def test_what_is_refused_always(text: str, words: str) -> None:
    every = ("--network", "--name", "--restart", "--env-file", "--mount", "--label")
    said = refusal(text, *every)
    assert said.startswith("services.db.options: ")
    assert words in said


@pytest.mark.parametrize(
    ("text", "limits", "expected"),
    [
        ("--memory 1g --cpus 2 --pids-limit 10", Limits(2 << 30, 4, 100), Limits(1 << 30, 2, 10)),
        ("--memory 4g --cpus 8 --pids-limit 1000", Limits(2 << 30, 4, 100), Limits(2 << 30, 4, 100)),
        ("-m 512m", Limits(), Limits(512 << 20)),
        ("--pids-limit -1", Limits(pids=100), Limits(pids=100)),
        ("--pids-limit 0 --memory 0 --cpus 0", Limits(1 << 30, 1, 100), Limits(1 << 30, 1, 100)),
    ],
)
def test_limits_are_only_lowered(text: str, limits: Limits, expected: Limits) -> None:
    asked = parse(text).limits
    assert limits.lowered(asked.memory, asked.cpus, asked.pids) == expected


@pytest.mark.parametrize(
    ("text", "allowed", "expected"),
    [
        (
            "",
            (),
            {"cap_drop": ["ALL"], "cap_add": list(CAPABILITIES), "security_opt": ["no-new-privileges"]},
        ),
        (
            "--cap-drop ALL --cap-add CHOWN",
            (),
            {"cap_drop": ["ALL"], "cap_add": ["CHOWN"], "security_opt": ["no-new-privileges"]},
        ),
        (
            "--cap-drop KILL --cap-add SYS_PTRACE --security-opt seccomp=unconfined",
            ("--cap-add", "--security-opt"),
            {
                "cap_drop": ["ALL"],
                "cap_add": [*(each for each in CAPABILITIES if each != "KILL"), "SYS_PTRACE"],
                "security_opt": ["no-new-privileges", "seccomp=unconfined"],
            },
        ),
        (
            "--cap-drop=ALL --security-opt no-new-privileges:true",
            (),
            {"cap_drop": ["ALL"], "cap_add": [], "security_opt": ["no-new-privileges:true"]},
        ),
        (
            "--cap-drop=ALL --security-opt no-new-privileges:false",
            ("--security-opt",),
            {"cap_drop": ["ALL"], "cap_add": [], "security_opt": ["no-new-privileges:false"]},
        ),
        ("--privileged", ("--privileged",), {"privileged": True}),
    ],
)
def test_rights(text: str, allowed: tuple[str, ...], expected: dict[str, Any]) -> None:
    assert options.security(parse(text, *allowed)) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (ContainerSpec("x", "i"), {}),
        (ContainerSpec("x", "i", command="--a 'b c'"), {"command": ["--a", "b c"]}),
        (ContainerSpec("x", "i", entrypoint="etcd", command="-v"), {"entrypoint": ["etcd"], "command": ["-v"]}),
        (ContainerSpec("x", "i", options="--entrypoint sh"), {"entrypoint": ["sh"]}),
        (ContainerSpec("x", "i", options="--entrypoint sh", entrypoint="etcd"), {"entrypoint": ["etcd"]}),
    ],
)
def test_what_a_service_starts(spec: ContainerSpec, expected: dict[str, Any]) -> None:
    assert options.command_of(spec, options.parse(spec, Policy())) == expected
