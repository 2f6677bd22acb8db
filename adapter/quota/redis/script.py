"""The script that charges windows on the server, and how to call it.

Redis runs one script at a time, so a charge counts in all windows or in none, even if other
processes charge at the same moment. A window is a counter that expires with its period. Only the
server's clock counts, so the clocks of the adapters may differ. The Check's id is kept for a while,
with the answer that it got.
"""

import hashlib
from typing import Final, NamedTuple

from adapter.errors import ConfigurationError
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.quota.memory.window_queues import SHARE_USED_UP
from adapter.quota.memory.windows import LONGEST_PERIOD_MS
from adapter.quota.names import WindowNames
from adapter.quota.redis.client import Command

# KEYS: the windows and, if the Check has an id, a key for the id.
# ARGV: how many windows may begin; for each window its maximum and its period in milliseconds; how
# long to keep the id.
# The answer is one string, because it is cheaper to parse than a list. It is '-' if more windows
# would have to begin than may. Otherwise it tells for each window whether this charge began it,
# then whether the charge is admitted, then for each window what is left and when it ends.
SCRIPT: Final = b"""
local windows = math.floor((#ARGV - 1) / 2)
local check = KEYS[windows + 1]
if check then
  local answered = redis.call('GET', check)
  if answered then return string.rep('0', windows) .. ' ' .. answered end
end
local admitted, missing, seen, used, ends = 1, 0, {}, {}, {}
for i = 1, windows do
  used[i] = tonumber(redis.call('GET', KEYS[i]) or 0)
  ends[i] = redis.call('PTTL', KEYS[i])
  if ends[i] < 0 then
    used[i], ends[i] = 0, false
    if not seen[KEYS[i]] then missing, seen[KEYS[i]] = missing + 1, true end
  end
  if used[i] >= tonumber(ARGV[2 * i]) then admitted = 0 end
end
if admitted == 1 and missing > tonumber(ARGV[1]) then return '-' end
local begun, answer = {}, {admitted}
for i = 1, windows do
  local maximum, period = ARGV[2 * i], ARGV[2 * i + 1]
  begun[i] = 0
  if admitted == 1 then
    local count = string.format('%d', used[i] + 1)
    if ends[i] then redis.call('SET', KEYS[i], count, 'KEEPTTL')
    else
      redis.call('SET', KEYS[i], count, 'PX', period)
      if seen[KEYS[i]] then begun[i], seen[KEYS[i]] = 1, nil end
    end
  end
  answer[2 * i] = string.format('%d', maximum - used[i] - admitted)
  answer[2 * i + 1] = ends[i] or period
end
local text = table.concat(answer, ' ')
if check and admitted == 1 then redis.call('SET', check, text, 'PX', ARGV[2 * windows + 2]) end
return table.concat(begun) .. ' ' .. text
"""
_LARGEST_MAXIMUM: Final = 2**53
"""The largest number up to which the script, which uses floating point, counts exactly."""
_DIGEST: Final = hashlib.sha1(SCRIPT, usedforsecurity=False).hexdigest()
_BY_DIGEST: Final[Command] = ("EVALSHA", _DIGEST)
_BY_TEXT: Final[Command] = ("EVAL", SCRIPT)


class ChargeScript:
    """Writes charges as commands of the server.

    All keys of a charge have the same hash tag, the name of its windows' key, so that a cluster
    keeps them in one slot. That works because a policy charges several limits of one key, never
    several keys.
    """

    def __init__(self, names: WindowNames, prefix: str, recent_s: float) -> None:
        if "{" in prefix or "}" in prefix:
            raise ConfigurationError("quota.prefix: braces would break a cluster's hash tags")
        self._names = names
        self._prefix = prefix.encode()
        self._recent_ms = round(recent_s * 1000)

    def call(self, check_id: str, charge: Charge, may_begin: int) -> Command:
        """The arguments of a call: the number of keys, the keys, and the other arguments."""
        keys: list[bytes | int] = []
        arguments: list[bytes | int] = [may_begin]
        tag = b""
        for maximum, period_ms, *key in charge.windows:
            tag = self._tag(tuple(key))
            keys.append(b"%b:%d:%d" % (tag, maximum, period_ms))
            arguments += (min(maximum, _LARGEST_MAXIMUM), min(period_ms, LONGEST_PERIOD_MS))
        if check_id and keys:
            name = self._names.name((check_id, *keys)).hex().encode()
            keys.append(b"%b:check:%b" % (tag, name))
            arguments.append(self._recent_ms)
        return (len(keys), *keys, *arguments)

    def _tag(self, key: tuple[str, ...]) -> bytes:
        return b"%b{%b}" % (self._prefix, self._names.name(key).hex().encode())


def by_digest(call: Command) -> Command:
    """The command for a server that knows the script."""
    return (*_BY_DIGEST, *call)


def by_text(call: Command) -> Command:
    """The command that sends the script, too."""
    return (*_BY_TEXT, *call)


class ScriptResult(NamedTuple):
    """The answer of the script."""

    state: QuotaState
    begun: tuple[bool, ...] = ()
    """For each window whether this charge began it."""


def read_result(answer: object, windows: int) -> ScriptResult:
    """Read the script's answer; raises ValueError if it does not fit the number of windows."""
    if not isinstance(answer, bytes):
        raise ValueError(f"a {type(answer).__name__} instead of a string")  # noqa: TRY004
    if answer == b"-":
        return ScriptResult(SHARE_USED_UP)
    begun, _, found = answer.partition(b" ")
    admitted, *numbers = map(int, found.split())
    if len(begun) != windows or len(numbers) != 2 * windows:
        raise ValueError(f"{len(numbers)} numbers for {windows} windows")
    state = QuotaState(admitted == 1, tuple(numbers[::2]), tuple(numbers[1::2]))
    return ScriptResult(state, tuple([flag == ord("1") for flag in begun]))
