"""A simulated world for the pure machine: network, exchange, REST, clocks, the queue.

Everything happens in simulated time, from one heap, and chance comes from one seed. The
real ``StreamMachine`` and the real adapters live in it: frames are bytes in the
exchange's wire form. After each call of the machine its promise is checked.

=============  =======================================================================
timeline       simulated time: one heap of what happens next
clocks         our wall clock, which steps, and the exchange's, with its ``Date`` header
ledger         the truth, now and before
wire           what an exchange's wire forms are
wires          those of every registered exchange
telling        one more, which asks for every step that there is
exchange       one account's side at the exchange: subscriptions and pushes
rest           the REST replicas: lag, failures, garbled entries
network        one connection: delay, stalls, silence, closes, refused upgrades
place          the real queue of a place
driver         carries out the machine's effects
machine_check  checks calls, effects, transitions and deadlines
promise        judges what is said of balances by the exchange's own ledger
findings       findings, and the trace that led to each
weather        how much goes wrong, as data
kinds          kinds of accounts, as data
luck           the course of attempts and reads: good by itself
chance         luck drawn from a weather and a seed
world          all of it together
life           what an account's owner does, for an hour
=============  =======================================================================
"""
