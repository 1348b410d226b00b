"""The scripts that an engine runs: each is one step, into which nothing else comes.

Every write is one of them, and compares owner and token (O2): what was sent by a worker
that is the owner no more, or by an older connection of its own, changes nothing.
"""

from __future__ import annotations

__all__ = ["ACQUIRE", "PUBLISH", "PULSE", "RELEASE", "SNAPSHOT"]

#: O1: no living owner, and my lease alive. Token and number grow even if the engine has
#: forgotten them: neither is ever met again (P3).
#: KEYS: lease, head, log, accounts. ARGV: worker, what stands before a lease's worker,
#: entries kept, exchange, version, reason, log entry, label. Returns token or "", and
#: who had it.
ACQUIRE = """
local owner = redis.call('HGET', KEYS[2], 'owner') or ''
if owner ~= '' and owner ~= ARGV[1] and redis.call('EXISTS', ARGV[2] .. owner) == 1 then
  return {'', owner}
end
if redis.call('EXISTS', KEYS[1]) == 0 then return {'', ''} end
local t = redis.call('TIME')
local least = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local last = redis.call('HMGET', KEYS[2], 'token', 'seq')
local token = string.format('%.0f', math.max(tonumber(last[1] or '0') + 1, least))
local seq = string.format('%.0f', math.max(tonumber(last[2] or '0') + 1, least))
redis.call('HSET', KEYS[2], 'version', ARGV[5], 'exchange', ARGV[4], 'owner', ARGV[1],
  'token', token, 'seq', seq, 'state', 'CONNECTING', 'reason', ARGV[6], 'error', '')
redis.call('SADD', KEYS[4], ARGV[8])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', 's', seq, 'd', ARGV[7])
return {token, owner}
"""

#: O6: the lease is renewed in front of each batch.
#: KEYS: lease, then head, book and log of each account. ARGV: worker, lease in ms,
#: entries kept; then of each account: token, number of entries, and of each entry: its
#: kind, its text, how many words follow, and those: currency and balance of an update;
#: state, reason and error, and after them currencies and balances of a reset.
#: Returns for each account whether it was the owner's.
PUBLISH = """
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local out = {}
local i = 4
for a = 0, (#KEYS - 1) / 3 - 1 do
  local head, book, log = KEYS[3*a+2], KEYS[3*a+3], KEYS[3*a+4]
  local has = redis.call('HMGET', head, 'owner', 'token', 'seq')
  local mine = has[1] == ARGV[1] and has[2] == ARGV[i]
  local seq = tonumber(has[3] or '0')
  local n = tonumber(ARGV[i+1])
  i = i + 2
  for _ = 1, n do
    local kind, words, at = ARGV[i], tonumber(ARGV[i+2]), i + 3
    if mine then
      seq = seq + 1
      if kind == 'u' then
        redis.call('HSET', book, ARGV[at], ARGV[at+1])
      elseif kind ~= 'e' then
        redis.call('HSET', head, 'state', ARGV[at], 'reason', ARGV[at+1],
          'error', ARGV[at+2])
        if kind == 'r' then
          redis.call('DEL', book)
          for w = at + 3, at + words - 1, 2 do
            redis.call('HSET', book, ARGV[w], ARGV[w+1])
          end
        end
      end
      redis.call('XADD', log, 'MAXLEN', '~', ARGV[3], '*',
        's', string.format('%.0f', seq), 'd', ARGV[i+1])
    end
    i = at + words
  end
  if mine then redis.call('HSET', head, 'seq', string.format('%.0f', seq)) end
  out[a+1] = mine and 1 or 0
end
return out
"""

#: KEYS: lease, pulses. ARGV: lease in ms, the pulse, "1" for a worker's first one.
#: Returns 0 if the lease has run out.
PULSE = """
if ARGV[3] == '0' and redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '4', '*', 'd', ARGV[2])
redis.call('PEXPIRE', KEYS[2], 60000)
return 1
"""

#: O5: given back, and free at once.
#: KEYS: lease, pulses, then head and log of each account. ARGV: worker, entries kept,
#: reason, log entry, "1" if the worker ends; then the token of each account.
RELEASE = """
for a = 0, (#KEYS - 2) / 2 - 1 do
  local head, log = KEYS[2*a+3], KEYS[2*a+4]
  local has = redis.call('HMGET', head, 'owner', 'token', 'seq')
  if has[1] == ARGV[1] and has[2] == ARGV[a+6] then
    local seq = string.format('%.0f', tonumber(has[3]) + 1)
    redis.call('HSET', head, 'owner', '', 'seq', seq, 'state', 'STALE',
      'reason', ARGV[3], 'error', '')
    redis.call('XADD', log, 'MAXLEN', '~', ARGV[2], '*', 's', seq, 'd', ARGV[4])
  end
end
if ARGV[5] == '1' then redis.call('DEL', KEYS[1], KEYS[2]) end
return 1
"""

#: F1: an account, and where its log goes on. KEYS: head, book, log.
SNAPSHOT = """
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)
local id = '0-0'
if last[1] then id = last[1][1] end
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), id}
"""
