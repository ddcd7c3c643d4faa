"""git's HTTP backend as a CGI program: its request from a file, its answer streamed or kept.

An answer to a fetch is read only as fast as the client takes it; whoever goes away ends the process.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from forge.repos import git
from forge.repos.models import Repository

_PIECE = 1 << 16
_HEADER_LIMIT = 1 << 14
_PROTOCOL = re.compile(r"[a-z0-9=:.-]{1,200}", re.IGNORECASE)
_NO_CACHE = {
    "Expires": "Fri, 01 Jan 1980 00:00:00 GMT",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache, max-age=0, must-revalidate",
}


@dataclass(frozen=True)
class Answer:
    """What the backend said: HTTP status, headers, and the whole body of a push's answer."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


def spooled(request: HttpRequest) -> IO[bytes]:
    """The request's body as a file with a descriptor, rewound. Under ASGI that is Django's own spool;
    under WSGI a copy, chunked bodies included. Blocking: call it in a thread."""
    stream = getattr(request, "_stream", None)
    if isinstance(stream, tempfile.SpooledTemporaryFile):
        stream.rollover()
        stream.seek(0)
        return stream  # closed by Django with the request
    copy = tempfile.TemporaryFile(dir=_folder())  # noqa: SIM115 - lives as long as its request
    chunked = request.META.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    source = request.META["wsgi.input"] if chunked else request
    while piece := source.read(_PIECE):
        copy.write(piece)
    copy.seek(0)
    return copy


async def stream(request: HttpRequest, repository: Repository, place: str, body: IO[bytes] | None) -> HttpResponseBase:
    """Run the backend and pass its answer on as it comes."""
    process = await git.backend(
        repository, _variables(request, place, body), stdin=_input(body), stdout=asyncio.subprocess.PIPE
    )
    try:
        answer = await _head(process)
    except BaseException:
        kill(process)
        raise
    return _Streamed(process, answer)


async def collect(
    request: HttpRequest,
    repository: Repository,
    place: str,
    body: IO[bytes],
    *,
    meanwhile: Callable[[], Awaitable[None]],
    every: float,
    user: str,
) -> Answer:
    """Run the backend to its end and keep its answer, calling ``meanwhile`` every so many seconds."""
    variables = {**_variables(request, place, body), "REMOTE_USER": user}
    with tempfile.TemporaryFile(dir=_folder()) as output:
        process = await git.backend(repository, variables, stdin=_input(body), stdout=output)
        try:
            ended = asyncio.ensure_future(process.wait())
            while not (await asyncio.wait({ended}, timeout=every))[0]:
                await meanwhile()
        finally:
            kill(process)
        output.seek(0)
        return _parsed(output.read())


def kill(process: asyncio.subprocess.Process) -> None:
    """End the backend and the programs it started, if it still runs."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class _Streamed(StreamingHttpResponse):
    """The backend's output; closing the answer, for whatever reason, ends the backend."""

    def __init__(self, process: asyncio.subprocess.Process, answer: Answer) -> None:
        self._process = process
        super().__init__(_pieces(process), status=answer.status, headers={**_NO_CACHE, **answer.headers})

    def close(self) -> None:
        """Called by Django at the end of the answer and when the client has gone."""
        kill(self._process)
        super().close()


async def _pieces(process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    assert process.stdout is not None
    try:
        while piece := await process.stdout.read(_PIECE):
            yield piece
        await process.wait()
    finally:
        kill(process)


async def _head(process: asyncio.subprocess.Process) -> Answer:
    assert process.stdout is not None
    try:
        head = await process.stdout.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        kill(process)
        return Answer(500, {"Content-Type": "text/plain"})
    return _parsed(head)


def _parsed(output: bytes) -> Answer:
    head, found, body = output.partition(b"\r\n\r\n")
    if not found or len(head) > _HEADER_LIMIT:
        return Answer(500, {"Content-Type": "text/plain"}, b"git failed on the server\n")
    headers = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    status = headers.pop("Status", "200 OK")
    return Answer(int(status.split()[0]), headers, body)


def _variables(request: HttpRequest, place: str, body: IO[bytes] | None) -> dict[str, str]:
    """The CGI variables of this request; nothing else of it reaches git."""
    variables = {
        "REQUEST_METHOD": str(request.method),
        "PATH_INFO": f"/{place}",
        "QUERY_STRING": request.META.get("QUERY_STRING", ""),
        "CONTENT_TYPE": request.META.get("CONTENT_TYPE", ""),
        "REMOTE_ADDR": request.META.get("REMOTE_ADDR", ""),
        "GIT_HTTP_MAX_REQUEST_BUFFER": "64M",
    }
    if body is not None:
        variables["CONTENT_LENGTH"] = str(os.fstat(body.fileno()).st_size)
    if encoding := request.META.get("HTTP_CONTENT_ENCODING"):
        variables["HTTP_CONTENT_ENCODING"] = encoding
    protocol = request.META.get("HTTP_GIT_PROTOCOL", "")
    if _PROTOCOL.fullmatch(protocol):
        variables["GIT_PROTOCOL"] = variables["HTTP_GIT_PROTOCOL"] = protocol
    return variables


def _input(body: IO[bytes] | None) -> IO[bytes] | int:
    if body is None:
        return asyncio.subprocess.DEVNULL
    os.lseek(body.fileno(), 0, os.SEEK_SET)
    return body.fileno()


def _folder() -> str:
    os.makedirs(settings.FILE_UPLOAD_TEMP_DIR, exist_ok=True)
    return str(settings.FILE_UPLOAD_TEMP_DIR)
