"""One account's balances for many processes and machines, by Redis or Valkey.

One worker owns an account, is connected to its exchange and writes what it knows into
the engine; any number of readers show it, and judge by their own clock for how long.

``keys``       the names that everything has in the engine
``entries``    what is written and read: the book, the log, the pulses
``pulses``     when an owner spoke last, dated by its reader's clock alone (P2, V1-V6)
``copybook``   a reader's copy of one account: snapshot and log joined (F1-F5)
``ownership``  which accounts a worker takes, given who has which (O4, O5)
``engine``     one connection to the engine, the only importer of ``redis``
``engine_socket``  its socket, every wait of which can be cancelled
``scripts``    what runs there, each in one step (O1, O2, O6, P1)
``address``    the URL of an engine
``rights``     what an access list of the engine should allow
"""
