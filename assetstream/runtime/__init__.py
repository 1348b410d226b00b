"""Threads, sockets and clocks: everything of a stream that is not pure.

Begin with these; each names the others that it stands on.

``launch``      a stream begins once, and in the process that made it
``life``        a started stream: its parts and its figures, wherever it runs
``solo``        where a lone stream runs: two threads of its own
``fleet``       where a group runs: readers (``berths``), helpers (``jobs``), callbacks
``session``     what a stream does next, and when; owns book and state
``reader``      the loop that serves channels, deadlines (``agenda``) and the ``inbox``
``budget``      what the streams of one exchange may do together, by ``pace``
``outlet``      where news leaves the session, for ``mailbox`` and ``watching``
``dispatcher``  calls the handlers of one stream, in a thread of ``callbacks``
``channel``     one WebSocket connection; ``traffic`` is its way once it is open
``handshake``   name look-up, TCP and TLS under one deadline; ``upgrade`` the rest
``library``     websocket-client, whose only importer it is
``http``        one REST call, in a helper's thread; the only importer of ``requests``
"""
