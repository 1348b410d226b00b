"""Random faults between an engine, its workers and their readers, truth at hand.

::

    python -m tests.programs.chaos --remote --faults 70 --seed 1

A simulated exchange is the truth: its accounts trade all the while. Workers, which own
them, and readers, who have no key, are processes; each reaches the engine, a real Redis
or Valkey, through a proxy of its own. Faults strike one after the other and overlap:
processes are killed, ended and suspended; bytes are held in either direction; the
engine is killed, paused and emptied, or an out-of-date replica takes its place; the
exchange cuts connections; a worker's clocks are of another time.

Readers note what they read twenty times a second. A reading that says LIVE and is not
marked must have been true at some moment within its ``age``; no token of an account
ever has two owners; and at the end each reader has the truth to the last digit, and
each account one connection. With ``--control`` the readers believe a pulse from when
it came: that must be found wrong, or nothing is proven.

``truth``   the accounts, their trade, and the judgement of readings
``proxy``   a TCP proxy that holds bytes, and can point at another engine
``worker``  the program of a worker; ``reader``: of a reader
``stage``   all of them, and the faults
``watch``   the owners and tokens that the engine names
``table``   one fault at a time, and how long each thing takes
"""
