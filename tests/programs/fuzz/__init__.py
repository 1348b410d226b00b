"""Properties that hold for any bytes of an exchange, and a command that tests more.

``wire``        what a JSON text says, by the standard library: the other opinion.
``adapters``    the conversations' ``received``.
``rest``        answers of REST, and refused upgrades.
``frames``      the receive path, against websocket-client's own parser.
``control``     pings and pongs, and what is answered.
``upgrade``     the answer to an upgrade, or to a call, against ``http.client``.
``corpus``      inputs to begin with, and how an input's bytes become arguments.
``mutation``    how an input becomes another one.

The suite calls the properties with hypothesis (``tests/test_fuzz.py``), the command
``python -m tests.programs.fuzz`` with a fuzzer.
"""
