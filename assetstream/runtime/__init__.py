"""Threads, sockets and clocks: everything of a stream that is not pure.

Begin with these; each names the others that it stands on.

``stream_run``     one stream from start to stop, alone or in a group
``lifecycle``      one start, one stop for good, in the process that made it
``threads``        the threads of one stream or of many: ``reader_thread``, and what
                   streams share (``resources``: helpers, callbacks, REST, limits)
``engine``         a started stream: its parts, how they run, its figures
``session``        feeds the core's machine, and carries out its effects
``places``         the queues that streams stand in to connect and to read
``publisher``      where events leave the session, for ``mailbox`` and subscriptions
``dispatcher``     calls the handlers of one stream, on a callback thread
``settings``       what a user chooses for a stream, checked
``loop/``          knows no exchange: ``reader`` serves sockets, deadlines and calls
``net/``           ``connection``: one WebSocket, over ``dial``, ``upgrade``,
                   ``websocket_client``, ``transport``; ``rest_client``: one REST call
"""
