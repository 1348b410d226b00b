"""Checks of the path to one server: its name, TCP, a proxy, TLS, the certificate."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone
from typing import Any, Callable, Iterable, Iterator, Mapping

from assetstream.doctor.examination import (
    Examination,
    Item,
    Outcome,
    failure,
    skip,
)
from assetstream.doctor.report import Verdict
from assetstream.model.errors import ConnectionLost
from assetstream.runtime.loop import clock
from assetstream.runtime.net.cancel import CancelScope
from assetstream.runtime.net.dial import Server, shake_hands
from assetstream.runtime.net.lookup import Address, look_up
from assetstream.runtime.net.proxy import PROXY_REMEDY, Proxy, choose
from assetstream.runtime.net.tcp import connect_any
from assetstream.runtime.net.tls import shared_context
from assetstream.runtime.net.tunnel import open_tunnel

__all__ = ["Route"]

#: Certificates are renewed well before: with fewer days left, somebody has forgotten.
FEW_DAYS = 14.0
DAY = 86_400.0

#: Verification errors of OpenSSL, X509_V_ERR_...
NOT_YET_VALID, EXPIRED, SELF_SIGNED, SELF_SIGNED_CHAIN, NO_ISSUER = 9, 10, 18, 19, 20
NO_FIRST_ISSUER, WRONG_NAME, WRONG_ADDRESS = 21, 62, 64
CAPTIVE = (
    "A hotel's or office's network may answer in the exchange's place until you have "
    "logged in there: try another network."
)
READ_ALONG = (
    "A proxy or virus scanner that reads along signs with an authority of its own: add "
    "that to the system's store, name its file by SSL_CERT_FILE, REQUESTS_CA_BUNDLE or "
    "CURL_CA_BUNDLE, or pass it by ssl_context=; verifying cannot be switched off.",
    CAPTIVE,
)
MISDIRECTED = (
    "The name or URL leads to another server: check ws_url and rest_url, if you set "
    "them, the name server, and entries for the exchange in the hosts file.",
)
#: The remedies of those that are not about time.
CAUSES: Mapping[int, tuple[str, ...]] = {
    SELF_SIGNED: READ_ALONG,
    SELF_SIGNED_CHAIN: READ_ALONG,
    NO_ISSUER: READ_ALONG,
    NO_FIRST_ISSUER: READ_ALONG,
    WRONG_NAME: MISDIRECTED,
    WRONG_ADDRESS: MISDIRECTED,
}


class Route:
    """The path to one server, checked step by step.

    Attributes:
        server: its end.
        broken: the name of the red step; "" if there is none.
    """

    def __init__(self, examination: Examination, server: Server) -> None:
        self.server = server
        self.broken = ""
        self._examination = examination
        self._proxy: Proxy | None = None
        self._addresses: list[Address] = []
        self._sock: socket.socket | None = None

    def steps(self) -> Iterator[Item]:
        """Check each step, and skip those after a red one."""
        choice = self._examination.judge("proxy", self._choose)
        if choice.verdict is Verdict.RED:
            self.broken = choice.name
        if self.broken or self._proxy is not None:
            yield choice
        try:
            for name, step in self._plan():
                yield name
                if self.broken:
                    yield skip(name, self.why)
                    continue
                check = self._examination.run(name, step)
                self.broken = name if check.verdict is Verdict.RED else ""
                yield check
        finally:
            if self._sock is not None:
                self._sock.close()

    @property
    def why(self) -> str:
        """The reason for skipping what needs this path."""
        return f"{self.broken} of {self.server.host} is red"

    def _plan(self) -> Iterable[tuple[str, Callable[[], Outcome]]]:
        return (
            ("name look-up", self._look_up),
            ("TCP", self._connect),
            ("TLS", self._secure),
        )

    def _choose(self) -> Outcome:
        host, port, secure = self.server
        given = self._examination.subject.proxy
        self._proxy = choose(given, host, port, secure=secure)
        source = "the environment's" if given is None else "that of proxy="
        name = self._proxy.name if self._proxy else ""
        return Outcome(Verdict.GREEN, f"{host} is reached by {name}, {source}")

    def _look_up(self) -> Outcome:
        host, port, _ = self._proxy_or_server()
        self._addresses = look_up(host, port, self._scope())
        if host == self._addresses[0].sockaddr[0]:
            return Outcome(Verdict.GREEN, f"{host} is an address already")
        first = self._addresses[0].sockaddr[0]
        more = len(self._addresses) - 1
        others = f" and {more} more" if more else ""
        return Outcome(Verdict.GREEN, f"{host} is at {first}{others}")

    def _connect(self) -> Outcome:
        scope = self._scope()
        if self._proxy is not None:
            return self._connect_through(self._proxy, scope)
        self._sock = connect_any(self._addresses, scope)
        address, port = self._sock.getpeername()[:2]
        where = f"{self.server.host}: " if address != self.server.host else ""
        finding = f"{where}connected to {address}, port {port}, by no proxy"
        return Outcome(Verdict.GREEN, finding)

    def _connect_through(self, proxy: Proxy, scope: CancelScope) -> Outcome:
        host, port, _ = self.server
        scope = scope.about(f"the proxy {proxy.name}", PROXY_REMEDY)
        self._sock = connect_any(self._addresses, scope)
        open_tunnel(proxy, self._sock, host, port, scope)
        finding = f"{host}: the proxy {proxy.name} has connected with port {port}"
        return Outcome(Verdict.GREEN, finding)

    def _secure(self) -> Outcome:
        host = self.server.host
        assert self._sock is not None
        if not self.server.secure:
            finding = f"{host}: none, for it is this machine"
            return Outcome(Verdict.GREEN, finding)
        context = self._examination.subject.ssl_context or shared_context()
        try:
            secure = shake_hands(self._sock, host, self._scope(), context)
        except ssl.SSLCertVerificationError as error:
            return _refused(host, error)
        except ConnectionLost as error:
            outcome = failure(error)
            return outcome._replace(remedies=(*outcome.remedies, CAPTIVE))
        return _judge(host, secure.version, secure.certificate)

    def _scope(self) -> CancelScope:
        return CancelScope(
            self._examination.deadline, self._examination.cancel_token, self.server.host
        )

    def _proxy_or_server(self) -> Server:
        if self._proxy is None:
            return self.server
        return Server(self._proxy.host, self._proxy.port, secure=False)


def _refused(host: str, error: ssl.SSLCertVerificationError) -> Outcome:
    finding = f"the certificate of {host} was refused: {error.verify_message}"
    if error.verify_code in (NOT_YET_VALID, EXPIRED):
        now = datetime.fromtimestamp(clock.wall(), timezone.utc)
        shown = now.strftime("%Y-%m-%d %H:%M")
        remedies: tuple[str, ...] = (
            f"Set this machine's clock if it is wrong: it says {shown} UTC.",
            "If it is right, the exchange has not renewed its certificate: look at its "
            "notices, and try again later.",
        )
    else:
        remedies = CAUSES.get(error.verify_code, (*READ_ALONG, *MISDIRECTED))
    return Outcome(Verdict.RED, finding, remedies)


def _judge(host: str, version: str, certificate: Mapping[str, Any]) -> Outcome:
    ends = ssl.cert_time_to_seconds(certificate["notAfter"])
    days = (ends - clock.wall()) / DAY
    issuer = {key: value for part in certificate["issuer"] for key, value in part}
    by = issuer.get("organizationName") or issuer.get("commonName") or "unknown"
    finding = f"{host}: {version}, certificate by {by}, good for {days:.0f} more days"
    if days >= FEW_DAYS:
        return Outcome(Verdict.GREEN, finding)
    return Outcome(
        Verdict.YELLOW,
        finding,
        ("Look again in a few days: the exchange has to renew it before it ends.",),
    )
