"""The promise: one stream as a pure machine. No clock, thread, socket, log or chance.

``machine``         the crown: events in, effects out, a deadline
``effects``         what it asks for; ``outcomes``: what becomes of that
``link``            the inner states of the connection, and what may follow each
``present``         what any thread may read: state, balances, doubts (L1)
``book``, ``entry``  the balances, and which report wins (K1-K5, S1, S2)
``reads``           REST reads: when, and what a reply leads to (S2, S3, A6)
``audit``           what two reads prove (A2-A5, A8)
``audit_schedule``  when audits are due, and the lease that LIVE is (A1, A7)
``reconnect``       whether and when to connect again (L3)
``gap``             the time in which changes could have been missed (S1)
``exchange_clock``  the exchange's time, as far as it is known (K3)
``fault``           the error of a fault of ours
``turns``           the queue of a place that streams share (L4, A6)
``moment``          the time of an event, and of a step of the book
"""
