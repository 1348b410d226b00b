"""The doctor: finds what keeps a stream from being live, and what to do about it.

It only reads. ``libraries`` checks this machine, ``network`` the path to the exchange,
``account`` the key and REST, ``connection`` the WebSocket. ``examine`` runs the checks
in one thread, each with a time limit; ``report`` holds the results.
"""
