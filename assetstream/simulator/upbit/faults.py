"""Faults that can happen at the simulated Upbit only: refused logins."""

from __future__ import annotations

from functools import partial
from typing import Mapping

from assetstream.simulator.catalogue.common import FaultEntry, ForAccount
from assetstream.simulator.catalogue.handshake import UpgradeReply
from assetstream.simulator.connection import Connection
from assetstream.simulator.upbit.refusals import REFUSALS, refused
from assetstream.simulator.upbit.session import UpbitSession

__all__ = ["FAULTS", "KEY_REFUSALS"]

#: The refusals of Upbit that are about the key or the token: fault, name, status.
KEY_REFUSALS = [
    *(
        (f"login_{name}", name, status)
        for name, (status, _) in REFUSALS.items()
        if status in (401, 403)
    ),
    # Upbit uses either status; the name decides.
    ("login_out_of_scope_401", "out_of_scope", 401),
]


class RefuseRequests(ForAccount):
    """Takes Upbit's upgrade, and refuses by a frame every request that follows."""

    def received(self, connection: Connection, payload: bytes) -> bytes | None:
        """Answer by the error."""
        session = connection.session
        asks = payload.strip() != b"PING"
        if (
            isinstance(session, UpbitSession)
            and self._strikes(connection.account)
            and asks
        ):
            session.fail("INVALID_AUTH")
            return None
        return payload


FAULTS: Mapping[str, FaultEntry] = {
    **{
        fault: FaultEntry(
            f"the upgrade is refused by {status} {name}",
            partial(
                UpgradeReply,
                reply=refused(name, status=status).reply,
                exchange="upbit",
            ),
            "upbit",
        )
        for fault, name, status in KEY_REFUSALS
    },
    "login_invalid_auth": FaultEntry(
        "requests are answered by a frame with the error INVALID_AUTH, and a close",
        RefuseRequests,
        "upbit",
    ),
}
