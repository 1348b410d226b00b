"""The doctor: what is in the way of a live stream, step by step, and the remedy.

It reads only. ``report`` is what comes out; ``libraries`` looks at this machine,
``network`` at the way to the exchange, ``account`` at key and REST, ``connection`` at
the WebSocket; ``examination`` runs them in a thread of its own, each in its time.
"""
