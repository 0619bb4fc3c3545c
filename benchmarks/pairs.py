"""Timing in pairs, for machines that are never quiet.

The contenders of a race take turns, so that whatever slows the machine slows them all, and are compared
round by round. The median of those ratios hardly moves where single times move a lot. By default the clock
is the processor time of this process, all its threads together: what other programs do in between does not
count, and a contender that secretly uses more threads gains nothing.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Call = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Race:
    """Seconds a call took in each round, by contender."""

    seconds: dict[str, list[float]]

    def best(self, name: str) -> float:
        return min(self.seconds[name])

    def ratio(self, name: str, to: str) -> float:
        """How many times the time of `to` is that of `name`, as the median over the rounds."""
        return statistics.median(a / b for a, b in zip(self.seconds[name], self.seconds[to], strict=True))


def race(contenders: dict[str, Call], *, budget: float = 1.0, shortest: float = 2e-3,
         clock: Clock = time.process_time) -> Race:  # fmt: skip
    """Let contenders take turns for about `budget` seconds, in 3 to 40 rounds.

    A call is repeated so often that a turn takes `shortest` seconds, and a twentieth of the slowest call: where that
    leaves few rounds, each is to say much.
    """
    once = {name: _second_call(call, clock) for name, call in contenders.items()}
    shortest = max(shortest, max(once.values()) / 20)
    repeats = {name: max(1, round(shortest / max(seconds, 1e-9))) for name, seconds in once.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    begin = time.perf_counter()
    for number in range(40):
        if number >= 3 and time.perf_counter() - begin > budget:
            break
        for name in names if number % 2 else reversed(names):
            seconds[name].append(_turn(contenders[name], repeats[name], clock))
    return Race(seconds)


def _turn(call: Call, repeats: int, clock: Clock) -> float:
    begin = clock()
    for _ in range(repeats):
        call()
    return (clock() - begin) / repeats


def _second_call(call: Call, clock: Clock) -> float:
    """The first one may be slow."""
    call()
    return _turn(call, 1, clock)
