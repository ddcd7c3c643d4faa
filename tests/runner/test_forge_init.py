"""forge-init itself, as an ordinary child: what it starts, signals, reaps and ends. As the first process of a
container it is in tests/docker."""

from __future__ import annotations

import array
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from runner.backends.base import Command
from runner.backends.docker_exec import Watch
from runner.backends.init_channel import Channel, Listener
from runner.backends.init_execution import InitExecution
from runner.errors import InfrastructureError
from runner.forge_init.build import PROGRAM, SOURCES, have
from tests.absent import absent
from tests.services.stack import eventually

MESSAGE = struct.Struct("=IIq64s")
HELLO, START, SIGNAL, LIVE, EXITED, KILLED, UNABLE, FORGET = range(1, 9)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = have(tmp_path_factory.mktemp("forge-init"))
    if built.externals is None:
        absent(f"needs forge-init: {built.problem}")
    return built.externals / PROGRAM


class Init:
    """One that runs, and the agent's end of its connection."""

    def __init__(self, program: Path, folder: Path) -> None:
        listener = Listener(folder / "channel")
        environment = {"PATH": os.environ["PATH"], "OWN": "of the image", "BOTH": "of the image"}
        self.process = subprocess.Popen([program, listener.folder / "socket"], env=environment)
        channel = listener.accept(self.process.pid, 20, lambda: self.process.poll() is not None)
        listener.close()
        assert channel is not None
        self.channel = channel
        self.number = 0

    def start(
        self,
        *argv: str,
        environment: Mapping[str, str] | None = None,
        directory: str = "/",
        write: Callable[[bytes], None] = lambda _: None,
        ended: Callable[[], None] = lambda: None,
        drain: float = 0.1,
    ) -> InitExecution:
        self.number += 1
        mark = f"step_{os.getpid()}_{self.number}"
        command = Command(argv, {"RUNNER_TRACKING_ID": mark, **(environment or {})}, directory, mark)
        return InitExecution(self.channel, command, Watch(None, ""), write, ended, drain)

    def run(self, *argv: str, **how: object) -> tuple[int | None, str]:
        """Exit code and output of a whole step."""
        pieces: list[bytes] = []
        ended = threading.Event()
        execution = self.start(*argv, write=pieces.append, ended=ended.set, **how)  # type: ignore[arg-type]
        assert ended.wait(20)
        return execution.exit_code, b"".join(pieces).decode()

    def begin(self, script: str, **how: object) -> InitExecution:
        """A step that runs; come back when it has written something."""
        said = threading.Event()
        execution = self.start("sh", "-c", script, write=lambda _: said.set(), **how)  # type: ignore[arg-type]
        assert said.wait(20)
        return execution

    def below(self) -> list[str]:
        """The commands of all that descends from it; what has ended and is not reaped has an empty one."""
        parents = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(_command(pid) for pid in found - {self.process.pid})


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ").strip()
    except OSError:
        return ""


@pytest.fixture
def init(program: Path, tmp_path: Path) -> Iterator[Init]:
    made = Init(program, tmp_path)
    yield made
    made.channel.close()
    assert made.process.wait(20) in (0, 1)


CASES = {
    "success": (["true"], 0, ""),
    "a status": (["sh", "-c", "exit 3"], 3, ""),
    "a signal": (["sh", "-c", "kill -9 $$"], 137, ""),
    "one stream": (["sh", "-c", "echo a; echo b >&2; echo c"], 0, "a\nb\nc\n"),
    "no input": (["cat"], 0, ""),
    "output opened anew": (["sh", "-c", "echo a >/dev/stdout; echo b >/dev/stderr"], 0, "a\nb\n"),
    "no such command": (["no-such-command"], 127, "no-such-command: command not found\n"),
    "no such file": (["/no/such/file"], 127, "/no/such/file: No such file or directory\n"),
    "a folder": (["/"], 126, "/: Permission denied\n"),
    "variables of both": (["sh", "-c", "echo $OWN, $BOTH, $GIVEN"], 0, "of the image, of the step, a=b\n"),
    "its own session": (["sh", "-c", "read -r a b c d e f rest </proc/$$/stat; [ $a = $f ] && echo yes"], 0, "yes\n"),
    "plain signals": (
        ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"],
        0,
        f"SigBlk:\t{0:016x}\nSigIgn:\t{0:016x}\n",
    ),
    "no descriptors": (["sh", "-c", "for n in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$n ] || echo $n; done"], 0, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_a_step(init: Init, case: str) -> None:
    argv, code, output = CASES[case]
    assert init.run(*argv, environment={"BOTH": "of the step", "GIVEN": "a=b"}) == (code, output)


def test_a_program_that_writes_little_and_often(init: Init) -> None:
    code, said = init.run("sh", "-c", "n=0; while [ $n -lt 5000 ]; do echo $n; n=$((n + 1)); done; exit 3")
    assert code == 3
    assert said == "".join(f"{number}\n" for number in range(5000))


def test_half_a_pair(init: Init) -> None:
    assert init.run("printf", "%s", "a\ud800\0b") == (0, "a?b")


def test_bytes_that_are_no_text(init: Init) -> None:
    pieces: list[bytes] = []
    ended = threading.Event()
    init.start("printf", "%s", "a\nb\udcff", write=pieces.append, ended=ended.set)
    assert ended.wait(20)
    assert b"".join(pieces) == b"a\nb\xff"


def test_a_directory_that_is_not_there(init: Init) -> None:
    text = (
        "An error occurred trying to start process 'sh' with working directory '/no/where'. No such file or directory"
    )
    assert init.run("sh", "-c", "pwd", directory="/no/where") == (126, f"{text}\n")
    assert init.run("sh", "-c", "pwd", directory="/usr") == (0, "/usr\n")


def test_the_command_is_looked_for_in_the_path_of_the_step(init: Init, tmp_path: Path) -> None:
    tool = tmp_path / "my-tool"
    tool.write_text("#!/bin/sh\necho mine\n")
    tool.chmod(0o755)
    assert init.run("my-tool")[0] == 127
    assert init.run("my-tool", environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"}) == (0, "mine\n")


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("{0}/no/where:{0}/a:{0}/b", (0, "b\n")),  # the one in a may not be executed
        ("{0}/a", (126, "tool: Permission denied\n")),
        ("{0}/c", (126, "tool: Exec format error\n")),
        ("{0}/b/tool:{0}/b", (0, "b\n")),
        ("", (0, "b\n")),
        (":/no/where", (0, "b\n")),
        ("/no/where:", (0, "b\n")),
        ("/no/where::/nowhere", (0, "b\n")),
        ("/" + "x" * 5000 + ":{0}/b", (0, "b\n")),
        ("/no/where", (127, "tool: command not found\n")),
        (":::", (127, "other: command not found\n")),
        (":{0}/c:", (126, "other: Exec format error\n")),
    ],
)
def test_the_way_of_looking(init: Init, tmp_path: Path, path: str, result: tuple[int, str]) -> None:
    for name, text, mode in (("a", "", 0o644), ("b", "#!/bin/sh\necho b\n", 0o755), ("c", "echo c\n", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool").write_text(text)
        (tmp_path / name / "tool").chmod(mode)
    (tmp_path / "c" / "other").hardlink_to(tmp_path / "c" / "tool")
    found = init.run(
        "other" if result[1].startswith("other") else "tool",
        environment={"PATH": path.format(tmp_path)},
        directory=str(tmp_path / "b"),
    )
    assert found == result


def test_an_environment_larger_than_any_packet(init: Init) -> None:
    large = {f"V{number}": "x" * 100_000 for number in range(15)}
    assert init.run("sh", "-c", "echo ${#V0} ${#V14}", environment=large) == (0, "100000 100000\n")
    too_large = {f"V{number}": "x" * 100_000 for number in range(40)}
    assert init.run("sh", environment=too_large) == (126, "sh: Argument list too long\n")


def test_many_steps_at_once_and_no_more(init: Init, tmp_path: Path) -> None:
    executions = [init.begin("echo up; exec sleep 600") for _ in range(60)]
    with pytest.raises(InfrastructureError, match="More than 60"):
        init.start("true")
    for execution in executions[1:]:
        execution.signal("KILL")
    eventually(lambda: init.below() == ["sleep 600"], timeout=20, what="only the first one is left")
    assert init.run("echo", "again") == (0, "again\n")
    assert executions[0].exit_code is None


#: Ways to leave the tree of one's parents, each around a sleep that heeds nothing but KILL.
ESCAPES = {
    "a child": "sleep 611 &",
    "a session": "setsid sleep 611 &",
    "two forks": "(setsid sh -c 'sleep 611 &' &);",
    "no environment": "env -i setsid sleep 611 &",
    "no environment and two forks": "env -i setsid sh -c 'sleep 611 & sleep 611 &' &",
    "nohup": "nohup sleep 611 >/dev/null 2>&1 &",
    "another mark": "RUNNER_TRACKING_ID=other setsid sleep 611 &",
}


@pytest.mark.parametrize("escape", ESCAPES)
def test_a_kill_reaches_all_that_a_step_has_started(init: Init, escape: str) -> None:
    step = init.begin(f"trap '' INT TERM; {ESCAPES[escape]} echo up; while :; do sleep 0.01; done")
    eventually(lambda: "sleep 611" in init.below(), timeout=20, what="it has escaped")
    for name in ("INT", "TERM"):
        step.signal(name)  # type: ignore[arg-type]  # they are words of the type
    assert "sleep 611" in init.below()
    step.signal("KILL")
    eventually(lambda: init.below() == [], timeout=20, what="nothing of the step is left")
    eventually(lambda: step.exit_code == 137, timeout=20, what="the end of the step is told")


def test_what_is_left_of_a_step_can_be_signalled_while_its_output_is_waited_for(init: Init) -> None:
    step = init.begin("setsid sh -c 'trap \"\" INT; sleep 612; sleep 613' & echo up; exit 0", drain=30)
    eventually(lambda: "sleep 612" in init.below(), timeout=20, what="only what is left runs")
    step.signal("INT")
    assert step.exit_code is None
    step.signal("KILL")
    eventually(lambda: init.below() == [], timeout=20, what="nothing of the step is left")
    eventually(lambda: step.exit_code == 0, timeout=20, what="the end of the step is told")


def test_an_interrupt_is_caught_by_a_step(init: Init) -> None:
    pieces: list[bytes] = []
    up, ended = threading.Event(), threading.Event()

    def write(data: bytes) -> None:
        pieces.append(data)
        up.set()

    script = "trap 'echo caught; exit 4' INT; echo up; while :; do sleep 0.01; done"
    step = init.start("sh", "-c", script, write=write, ended=ended.set)
    assert up.wait(20)
    step.signal("INT")
    assert ended.wait(20)
    assert (step.exit_code, b"".join(pieces)) == (4, b"up\ncaught\n")


def test_a_kill_spares_what_is_not_of_the_step(init: Init) -> None:
    assert init.run("sh", "-c", "env -i setsid sleep 621 >/dev/null 2>&1 & sleep 0.02")[0] == 0
    beside = init.begin("echo up; exec sleep 622")
    step = init.begin("setsid sleep 623 & echo up; exec sleep 624")
    eventually(lambda: len(init.below()) == 4, timeout=20, what="all of them run")
    step.signal("KILL")
    eventually(lambda: init.below() == ["sleep 621", "sleep 622"], timeout=20, what="only the step's own are gone")
    assert beside.exit_code is None


def test_a_step_that_forks_faster_than_one_can_look(init: Init) -> None:
    bomb = (
        "trap '' INT TERM; bomb() { while :; do sh -c 'sleep 0.3' & sleep 0.001; done; }; bomb & bomb & echo up; wait"
    )
    step = init.begin(bomb)
    eventually(lambda: init.below().count("sleep 0.3") >= 3, timeout=20, what="it has forked faster than they end")
    step.signal("KILL")
    eventually(lambda: step.exit_code is not None, timeout=20, what="the end of the step is told")
    assert step.exit_code == 137
    eventually(lambda: not init.below(), timeout=20, what="what was forked while others were killed is gone too")
    assert init.run("echo", "next") == (0, "next\n"), "forge-init itself has lived through it"


def test_output_after_the_end_is_dropped_and_counted(init: Init, tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    pieces: list[bytes] = []
    ended = threading.Event()
    late = f"(read -r word <{go}; echo 12345; exec sleep 631) & echo in time"
    step = init.start("sh", "-c", late, write=pieces.append, ended=ended.set)
    assert ended.wait(20)
    go.write_text("go\n")
    eventually(lambda: step.dropped == 6, timeout=20, what="the late bytes are counted")
    assert b"".join(pieces) == b"in time\n"
    assert init.below() == ["sleep 631"], "what writes too late lives on"


@pytest.mark.parametrize("how", ["closed", "not heard of"])
def test_the_end_of_the_agent_is_the_end_of_all(init: Init, how: str) -> None:
    step = init.begin("(env -i setsid sh -c 'trap \"\" TERM INT; echo up; sleep 641') & sleep 641")
    if how == "closed":
        init.channel.close()
    else:
        init.channel.live(60)
        init.channel.live(0.05)
    init.process.wait(20)
    assert init.below() == []
    eventually(lambda: step.exit_code == 137, timeout=20, what="the end of the step is told")
    assert (step.trouble is None) is (how == "closed"), "whose deed it was is told apart"
    with pytest.raises(InfrastructureError) as refused:
        init.start("true")
    assert refused.value.reason == "container_lost"


def test_a_frozen_agent_keeps_nobody_waiting(program: Path, tmp_path: Path) -> None:
    """More steps end than its queue holds answers; all are told once it listens again."""
    folder, output = tmp_path / "s", os.open(os.devnull, os.O_WRONLY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        handle = os.open(tmp_path, os.O_PATH)
        listener.bind(f"/proc/self/fd/{handle}/s")
        listener.listen()
        os.close(handle)
        process = subprocess.Popen([program, folder])
        agent, _ = listener.accept()
    words = os.memfd_create("step")
    os.write(words, b"1\0/\0true\0")
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [words, output]))]
    with agent:
        for number in range(1, 61):
            agent.sendmsg([MESSAGE.pack(START, number, 0, b"mark")], rights)
        stat = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        eventually(lambda: stat.read_text() == "", timeout=20, what="all have ended and are reaped")
        agent.settimeout(20)
        assert MESSAGE.unpack(agent.recv(200))[:3] == (HELLO, 0, 1)
        told = {MESSAGE.unpack(agent.recv(200))[:3] for _ in range(60)}
    assert told == {(EXITED, number, 0) for number in range(1, 61)}
    os.close(words)
    os.close(output)
    assert process.wait(20) in (0, 1)


@pytest.mark.parametrize("moment", ["before", "after", "by us"])
def test_an_end_that_is_not_ours_is_told(moment: str) -> None:
    before = set(threading.enumerate())
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel, lost = Channel(ours), []
    [listening] = set(threading.enumerate()) - before
    with theirs:
        if moment == "before":
            theirs.shutdown(socket.SHUT_RDWR)
            listening.join(20)
        channel.when_lost(lambda: lost.append(channel.over.is_set()))
        if moment == "by us":
            channel.close()
        theirs.shutdown(socket.SHUT_RDWR)
        listening.join(20)
    assert not listening.is_alive()
    assert lost == ([] if moment == "by us" else [True])


#: Answers that a forge-init that is not itself any more may give, and whether they end the connection.
ANSWERS = {
    "too short": (b"x", True),
    "too long": (MESSAGE.pack(EXITED, 1, 0, b"") + b"x", True),
    "a word of the agent's": (MESSAGE.pack(START, 1, 0, b""), True),
    "no step's": (MESSAGE.pack(EXITED, 77, 0, b""), False),
    "a second hello": (MESSAGE.pack(HELLO, 0, 1, b""), True),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_makes_no_sense(answer: str) -> None:
    data, ends = ANSWERS[answer]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel = Channel(ours)
    ended = threading.Event()
    step = InitExecution(channel, Command(("true",), {}, "/", "mark"), Watch(None, ""), lambda _: None, ended.set)
    with theirs:
        _, rights, _, _ = socket.recv_fds(theirs, 200, 2)
        for each in rights:
            os.close(each)
        theirs.send(data)
        if not ends:
            theirs.send(MESSAGE.pack(EXITED, 1, -1, b"\xff" * 64))
        assert ended.wait(20)
    assert step.exit_code == (137 if ends else 255)
    assert (step.trouble is not None) is ends
    channel.close()


def test_only_the_process_that_is_meant_can_connect(program: Path, tmp_path: Path) -> None:
    listener = Listener(tmp_path / "channel")
    path = listener.folder / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
        handle = os.open(listener.folder, os.O_PATH)
        stranger.connect(f"/proc/self/fd/{handle}/socket")
        stranger.send(MESSAGE.pack(HELLO, 0, 1, b""))
        process = subprocess.Popen([program, path])
        channel = listener.accept(process.pid, 20, lambda: False)
        listener.close()
        assert channel is not None
        stranger.settimeout(20)
        with pytest.raises(ConnectionResetError):
            stranger.recv(1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as late, pytest.raises(FileNotFoundError):
            late.connect(f"/proc/self/fd/{handle}/socket")
        os.close(handle)
    channel.close()
    process.wait(20)


def test_who_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    listener = Listener(tmp_path / "channel")
    assert listener.accept(1, 20, lambda: True) is None
    assert listener.accept(1, 0.05, lambda: False) is None
    listener.remove()
    assert not listener.folder.exists()


def test_it_is_built_once_and_without_a_warning(program: Path, tmp_path: Path) -> None:
    folder = program.parents[2]
    assert have(folder, compilers=()).externals == program.parent
    assert program.stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in program.parent.iterdir()) == ["channel", "forge-init", "node20", "node24"]
    assert [path.name for path in program.parent.parent.iterdir()] == [program.parent.name]
    strict = ["-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / "strict")]
    subprocess.run(["gcc", *strict, *map(str, SOURCES)], check=True)


@pytest.mark.parametrize(
    ("compilers", "problem"),
    [
        (("no-such-compiler",), "this machine has no C compiler (no-such-compiler)"),
        (("false",), "false cannot build it: "),
    ],
)
def test_no_program(tmp_path: Path, compilers: tuple[str, ...], problem: str) -> None:
    built = have(tmp_path, compilers)
    assert built.externals is None
    assert problem in built.problem
    assert not built.finding.good
    assert "gcc" in built.finding.mend
    assert list((tmp_path / "externals").iterdir()) == []
