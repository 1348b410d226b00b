"""Run a program on simulated exchanges, without a key and without changing it.

    python samples/on_simulator.py samples/watch_balances.py

Every exchange listens on this machine, somebody trades on each account, and all
connections are cut every 10 s. Keys and addresses are in the program's environment.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

from assetstream.simulator import STARTING_BALANCES, Simulator

if len(sys.argv) < 2:
    sys.exit("which program? python samples/on_simulator.py samples/watch_balances.py")


def cut_connections(simulator: Simulator, over: threading.Event) -> None:
    while not over.wait(10):
        simulator.drop_connections()


over = threading.Event()
with Simulator() as simulator:
    for name, balances in STARTING_BALANCES.items():
        account = simulator.open(name, balances)
        account.trade(rate=2).start()
        os.environ.update(account.environment())
    for number in (1, 2, 3):  # as many_accounts.py has them
        account = simulator.open("upbit", STARTING_BALANCES["upbit"])
        account.trade(rate=2).start()
        os.environ[f"UPBIT_ACCESS_KEY_{number}"] = account.api_key
        os.environ[f"UPBIT_SECRET_KEY_{number}"] = account.secret_key
    threading.Thread(target=cut_connections, args=(simulator, over)).start()
    try:
        del sys.argv[0]  # so that the program has its own name and arguments
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        over.set()
