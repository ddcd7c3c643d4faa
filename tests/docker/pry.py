"""What a step may try against forge-init; run in a container. Prints each attempt with what came of it."""

import ctypes
import os
import socket

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
PIDFD_GETFD, PROCESS_VM_READV = 438, 310
libc = ctypes.CDLL(None, use_errno=True)


def called(*arguments: int) -> int:
    """A call of the C library that gives -1 for a failure."""
    function, *rest = arguments
    answer = (libc.ptrace if function in (PTRACE_ATTACH, PTRACE_SEIZE) else libc.syscall)(function, *rest)
    if answer < 0:
        problem = ctypes.get_errno()
        raise OSError(problem, os.strerror(problem))
    return int(answer)


def connect() -> None:
    """To the place where its agent has listened."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.connect("/__e/channel/socket")


def listen() -> None:
    """In the agent's place."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.bind("/__e/channel/socket")


def opened(path: str, flags: int = os.O_RDWR) -> None:
    """What can be opened, is written to."""
    file = os.open(path, flags)
    os.write(file, b"x" * 80)


ATTEMPTS = {
    "connect": connect,
    "listen": listen,
    "descriptor": lambda: os.readlink("/proc/1/fd/3"),
    "connection": lambda: [opened(f"/proc/1/fd/{number}") for number in range(3, 9)],
    "memory": lambda: opened("/proc/1/mem"),
    "environment": lambda: os.open("/proc/1/environ", os.O_RDONLY),
    "trace": lambda: called(PTRACE_ATTACH, 1, 0, 0),
    "seize": lambda: called(PTRACE_SEIZE, 1, 0, 0),
    "take a descriptor": lambda: [called(PIDFD_GETFD, os.pidfd_open(1), number, 0) for number in range(3, 9)],
    "read its memory": lambda: called(PROCESS_VM_READV, 1, 0, 0, 0, 0, 0),
    "put another beside it": lambda: opened("/__e/another", os.O_RDWR | os.O_CREAT),
    "remove it": lambda: os.unlink("/__e/forge-init"),
}

for name, attempt in ATTEMPTS.items():
    try:
        attempt()
    except OSError as error:
        print(f"{name}: {error.strerror}")
    else:
        print(f"{name}: DONE")
