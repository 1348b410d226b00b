"""Print what Upbit and CoinW hold together, whenever either changes, until Ctrl-C.

Set UPBIT_ACCESS_KEY, UPBIT_SECRET_KEY, COINW_API_KEY and COINW_SECRET_KEY first.
"""

from __future__ import annotations

from assetstream import AssetStream, AssetUpdate, CoinW, StateChange, Upbit

upbit = AssetStream(Upbit(region="sg"), account="upbit")
coinw = AssetStream(CoinW(), account="coinw")


def show(update: AssetUpdate) -> None:
    held = [stream.balances.get(update.currency) for stream in (upbit, coinw)]
    total = sum(balance.total for balance in held if balance is not None)
    print(f"{update.account}: {update.currency} {update.change:+f}, together {total}")


@coinw.on_state
def end_together(change: StateChange) -> None:
    if change.current.final:
        upbit.stop()


with upbit, coinw:  # both are LIVE here
    upbit.on_asset(show)
    coinw.on_asset(show)
    upbit.run_forever()
coinw.raise_if_failed()
