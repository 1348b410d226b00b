"""One account's balances for many processes and machines, by Redis or Valkey.

One worker owns an account, is connected to its exchange and writes what it knows into
the engine; any number of readers show it, and judge by their own clock for how long.

What is decided, without a clock, a socket or a thread:

``address``        the URL of an engine
``keys``           the names that everything has in the engine
``rights``         what an access list of the engine should allow
``entries``        what is written and read: the book, the log, the pulses
``pulses``         when an owner spoke last, dated by its reader's clock alone (P2, V)
``copybook``       a reader's copy of one account: snapshot and log joined (F)
``read_plan``      a reader's next call to the engine
``ownership``      which accounts a worker takes, given who has which (O4, O5)

The engine:

``access``         by which address, and with which library, it is reached
``engine``         one connection to it, the only importer of ``redis``
``engine_socket``  its socket, every wait of which can be cancelled
``scripts``        what runs there, each in one step (O1, O2, O6, P1)
``engine_thread``  calls to it, made in a thread that may wait
``engine_checks``  the doctor's checks of it, and of an account's owner

A reader:

``remote_stream``  what a user holds
``remote_group``   all accounts of a fleet, by one connection
``fleet``          that connection, and the accounts that it finds
``remote_origin``  makes the session of a stream
``remote_session`` one account, in a stream
``follower``       any number of them over one connection
"""
