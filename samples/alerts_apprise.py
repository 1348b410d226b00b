"""Tell a phone, a chat or a mailbox when an account is not LIVE any more, and when it
is again, by Apprise (`pip install apprise`). Until Ctrl-C.

Set UPBIT_ACCESS_KEY and UPBIT_SECRET_KEY in the environment first, and APPRISE_URL to
where it goes: ntfy://topic, tgram://token/chat, mailto://user:password@host, or any
other that Apprise knows. For many accounts, and for who is on duty when, there are
rules for Prometheus in docs/operating.
"""

from __future__ import annotations

import os

from apprise import Apprise

from assetstream import AssetStream, State, StateChange, Upbit

apprise = Apprise()
apprise.add(os.environ["APPRISE_URL"])


def alert(change: StateChange) -> None:
    # The first LIVE, and the end that you asked for, are no news.
    if change.current in (State.STALE, State.FAILED) or change.gap is not None:
        text = f"{change.account}: {change.current}, {change.reason}"
        # It may take its time: this is the handlers' thread, and balances are read on.
        if not apprise.notify(body=text):
            print(f"not sent: {text}")


AssetStream(Upbit(region="sg"), on_state=alert).run_forever()
