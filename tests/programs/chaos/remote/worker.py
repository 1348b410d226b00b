"""The program of a worker: a relay of the accounts that its standard input names."""

from __future__ import annotations

import json
import sys
import time

from assetstream import AssetStreamError, Relay, StateChange, Upbit


def main() -> None:
    """Relay until SIGTERM."""
    config = json.loads(sys.argv[1])
    shift = config["shift"]

    def tell(*words: object) -> None:
        print(json.dumps((time.monotonic() - shift, *words)), flush=True)

    def on_state(change: StateChange) -> None:
        tell("state", change.account, change.current.name, change.reason)

    def on_error(error: AssetStreamError) -> None:
        tell("error", str(error))

    accounts = {
        label: Upbit(
            each["UPBIT_ACCESS_KEY"],
            each["UPBIT_SECRET_KEY"],
            region="sg",
            ws_url=each["UPBIT_WS_URL"],
            rest_url=each["UPBIT_REST_URL"],
        )
        for label, each in config["accounts"].items()
    }
    relay = Relay(
        config["url"],
        accounts,
        on_state=on_state,
        on_error=on_error,
        **config["options"],
    )
    relay.run_forever()


if __name__ == "__main__":
    main()
