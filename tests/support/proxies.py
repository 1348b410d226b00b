"""The real proxy pproxy in a process of its own: HTTP CONNECT and SOCKS5.

It finds every name that ends in ``.test`` on loopback. This process does not, so what
reaches such a name went through the proxy, and the proxy looked it up.
"""

from __future__ import annotations

import re
import subprocess
import sys
from types import TracebackType
from urllib.parse import quote

from tests.support.event_recorder import PATIENCE

PYTHON = [sys.executable, "-u", "-W", "ignore", "-c"]
# pproxy asks its event loop policy for a loop that nobody has made, which uvloop's,
# taken where it is installed, refuses.
LAUNCH = """
import socket, sys
sys.modules["uvloop"] = None
real = socket.getaddrinfo
def getaddrinfo(host, *args, **options):
    return real("127.0.0.1" if str(host).endswith(".test") else host, *args, **options)
socket.getaddrinfo = getaddrinfo
from pproxy.server import main
main()
"""


class ProxyProcess:
    """A proxy inside a ``with`` block; requires ``user`` ("name:password") if given."""

    def __init__(self, user: str = "") -> None:
        self._user = user
        self.port = 0

    def url(self, scheme: str, user: str | None = None) -> str:
        """Return the proxy's URL, with its own user or another."""
        user = quote(self._user if user is None else user, safe=":")
        return f"{scheme}://{user}{'@' if user else ''}127.0.0.1:{self.port}"

    def __enter__(self) -> ProxyProcess:
        listen = f"http+socks5://127.0.0.1:0{'#' if self._user else ''}{self._user}"
        self._process = subprocess.Popen(
            # Without --auth it believes an address once it has given the password.
            [*PYTHON, LAUNCH, "-l", listen, "--auth", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", self._process.stdout.readline())
        assert found is not None, "pproxy did not start"
        self.port = int(found[1])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE)
