"""The rights that the engine should give to each: rules of an access list.

``ACL SETUSER name on >password`` and these words make a user who can do no more than
what a worker, a reader of the fleet, or a reader of one account has to do.
"""

from __future__ import annotations

from assetstream.sharing.keys import Keys

__all__ = ["reader_rights", "worker_rights"]

EVERYBODY = ("+ping", "+hello", "+select", "+time")
#: Scripts are checked for each command in them as well.
READER = ("+xread", "+hmget", "+hgetall", "+xrevrange", "+eval_ro", "+zrange")
WORKER = (
    *("+eval", "+exists", "+set", "+del", "+pexpire", "+info"),
    *("+hget", "+hmget", "+hset", "+xadd"),
    *("+zadd", "+zcard", "+zrange", "+zrem", "+zremrangebyscore"),
)


def reader_rights(keys: Keys, account: str | None = None) -> tuple[str, ...]:
    """Return the words for a reader of one account, or of the whole fleet."""
    patterns = (f"%R~{pattern}" for pattern in keys.pattern(account))
    return ("resetkeys", *patterns, "-@all", *READER, *EVERYBODY)


def worker_rights(keys: Keys) -> tuple[str, ...]:
    """Return the words for a worker of a fleet."""
    patterns = (f"~{pattern}" for pattern in keys.pattern())
    return ("resetkeys", *patterns, "-@all", *WORKER, *EVERYBODY)
