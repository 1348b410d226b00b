"""The scripts that an engine runs: each is one step, into which nothing else comes.

Every write is one of them, and compares owner and token (O2): what was sent by a worker
that is the owner no more, or by an older connection of its own, changes nothing.
"""

from __future__ import annotations

__all__ = ["ACQUIRE", "ENLIST", "PUBLISH", "PULSE", "RELEASE", "SNAPSHOT"]

#: O1: no living owner, and my lease alive. Token and number grow even if the engine has
#: forgotten them: neither is ever met again (P3).
#: KEYS: lease, head, log, accounts. ARGV: worker, what stands before a lease's worker,
#: entries kept, exchange, key, version, reason, log entry, label, number of the
#: connection. Returns token or "", and who had it.
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
redis.call('HSET', KEYS[2], 'version', ARGV[6], 'exchange', ARGV[4], 'key', ARGV[5],
  'owner', ARGV[1], 'token', token, 'seq', seq, 'state', 'CONNECTING',
  'reason', ARGV[7], 'error', '', 'connection', ARGV[10])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', 's', seq, 'd', ARGV[8])
redis.call('ZADD', KEYS[4], t[1], ARGV[9])
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

#: KEYS: lease, pulses, workers. ARGV: lease in ms, the pulse, "1" for a worker's first
#: one, worker. Returns how many workers live; 0 if its own lease has run out.
PULSE = """
if ARGV[3] == '0' and redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '4', '*', 'd', ARGV[2])
redis.call('PEXPIRE', KEYS[2], 60000)
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
redis.call('ZADD', KEYS[3], string.format('%.0f', now + tonumber(ARGV[1])), ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', now))
return redis.call('ZCARD', KEYS[3])
"""

#: What a fleet consists of; an account that no worker has a key for is forgotten after
#: a while. KEYS: accounts. ARGV: seconds for which it is kept, what stands before a
#: label in each of its keys, those, "|", and labels.
ENLIST = """
local now = tonumber(redis.call('TIME')[1])
local prefixes, i = {}, 2
while ARGV[i] ~= '|' do
  prefixes[#prefixes+1] = ARGV[i]
  i = i + 1
end
for n = i + 1, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[n]) end
local most = string.format('%.0f', now - tonumber(ARGV[1]))
for _, label in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', most, 'BYSCORE')) do
  for _, prefix in ipairs(prefixes) do redis.call('DEL', prefix .. label) end
  redis.call('ZREM', KEYS[1], label)
end
return 1
"""

#: O5: given back, and free at once.
#: KEYS: lease, pulses, workers, then head and log of each account. ARGV: worker,
#: entries kept, reason, log entry, "1" if the worker ends; then each account's token.
RELEASE = """
for a = 0, (#KEYS - 3) / 2 - 1 do
  local head, log = KEYS[2*a+4], KEYS[2*a+5]
  local has = redis.call('HMGET', head, 'owner', 'token', 'seq')
  if has[1] == ARGV[1] and has[2] == ARGV[a+6] then
    local seq = string.format('%.0f', tonumber(has[3]) + 1)
    redis.call('HSET', head, 'owner', '', 'seq', seq, 'state', 'STALE',
      'reason', ARGV[3], 'error', '')
    redis.call('XADD', log, 'MAXLEN', '~', ARGV[2], '*', 's', seq, 'd', ARGV[4])
  end
end
if ARGV[5] == '1' then
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('ZREM', KEYS[3], ARGV[1])
end
return 1
"""

#: F1: an account, and where its log goes on. KEYS: head, book, log.
SNAPSHOT = """
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)
local id = '0-0'
if last[1] then id = last[1][1] end
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]), id}
"""
