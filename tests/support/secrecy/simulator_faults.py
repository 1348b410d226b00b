"""One case for every fault of the simulator's catalogue."""

from __future__ import annotations

from typing import Any

from assetstream.model.errors import AssetStreamError
from assetstream.runtime.loop import clock
from assetstream.simulator import FAULTS
from assetstream.simulator.catalogue import handshake, login
from tests.support.secrecy.setup import Case, SecrecySetup

__all__ = ["SIMULATOR_FAULTS"]

#: Only a client that connects meets these, so a connection is dropped first.
MET_ON_CONNECTING = {"tcp_refused", *handshake.FAULTS, *login.FAULTS}
PARAMETERS: dict[str, dict[str, Any]] = {"huge_frame": {"size": 2 * 1024 * 1024}}
#: These cause no error: the stream is not disturbed, or mends itself silently.
BORNE = {
    *("one_byte_pieces", "fragments", "pushes_duplicated", "pushes_reordered"),
    *("pushes_delayed", "rest_slow", "rest_stale", "handshake_byte_by_byte"),
    *("first_use_silence", "subscribe_mute", "subscribe_unanswered"),
}
#: Seconds of the stream's own time, in which it pings and makes audits.
LONG = 40.0


def met_by_stream(name: str) -> Case:
    """Return a case that lasts until the stream reports the fault, or bears it."""

    def run(setup: SecrecySetup) -> None:
        stream = setup.live()
        seen = len(setup.recorder.events)
        with setup.simulator.fault(name, **PARAMETERS.get(name, {})):
            if name in MET_ON_CONNECTING:
                setup.simulator.drop_connections()
            setup.account.deposit("BTC", "0.25")
            order = setup.account.place_order(pay="USDT", amount="9", receive="BTC")
            setup.account.fill(order, "0.001", "5")
            began = clock.now()

            def noticed() -> bool:
                events = setup.recorder.events[seen:]
                errors = sum(isinstance(e, AssetStreamError) for e in events)
                if name in BORNE and clock.now() - began > LONG:
                    return True
                # The first error of a fault on connecting is that of the drop.
                return errors > (name in MET_ON_CONNECTING) or stream.state.final

            setup.elapse(stream, noticed, step=2.0)
        setup.finish(stream)

    return run


SIMULATOR_FAULTS: dict[str, Case] = {
    f"simulator fault {name}": met_by_stream(name) for name in FAULTS
}
