"""Threads, sockets and clocks: everything of a stream that is not pure.

``session``     what to do next, and when; owns book and state
``reader``      the loop that serves channels, owners' deadlines and the inbox
``channel``     one WebSocket connection; the only importer of ``websocket``
``handshake``   name look-up, TCP and TLS under one deadline; ``upgrade`` the rest
``http``        one REST call in a disposable thread; the only importer of ``requests``
"""
