"""TLS in front of a server, as a proxy puts it there: a certificate made on the spot, and an address of its own.

Every process of tests has another address of the loopback network, so that each may have port 443 to itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PORT = 443


class NotAllowed(Exception):
    """This user may not listen on port 443."""


def own_address() -> str:
    """An address of the loopback network that no other process of tests uses now."""
    number = os.getpid()
    return f"127.{64 + number // 65536 % 64}.{number // 256 % 256}.{number % 254 + 1}"


class TlsFront:
    """Ends TLS at ``https://address`` and hands on every byte to a port of 127.0.0.1.

    ``authority`` is the file of the certificate that clients must trust.
    """

    def __init__(self, folder: Path, address: str, target: int) -> None:
        self.address, self.url, self._target = address, f"https://{address}", target
        self.authority, self._key = folder / "authority.pem", folder / "server.key"
        _certify(address, self.authority, self._key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="TLS in front", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> TlsFront:
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)
        except PermissionError as error:
            self._end()
            raise NotAllowed(f"{self.address}:{PORT}: {error.strerror}") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(20)
        self._end()

    async def _listen(self) -> asyncio.Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, self._key)
        context.set_alpn_protocols(["http/1.1"])
        return await asyncio.start_server(self._serve, self.address, PORT, ssl=context)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):  # either side has gone, or the test is over
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(_pump(reader, inner_writer))
                pumps.create_task(_pump(inner_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything from one side to the other; the end of the one is the end of the other."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


def _certify(address: str, certificate: Path, key: Path) -> None:
    """A certificate for this address that is its own authority, and its key."""
    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Forge's tests")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(made, hashes.SHA256())
    )
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.write_bytes(private)
