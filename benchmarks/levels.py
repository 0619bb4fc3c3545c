"""The same windows at each instruction set. Run as a program, prints the seconds of each, as JSON."""

import json
import os
import subprocess
import sys
from collections import defaultdict

CASES = [(size, dtype) for size in (3, 5, 7, 15, 31) for dtype in ("uint8", "uint16", "float32", "float64")]


def in_turns(names: tuple[str, ...], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each case in each round, by instruction set; in each round all have their turn."""
    seconds: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in names}
    for _ in range(rounds):
        for name in names:
            environment = {**os.environ, "FASTMATH_SIMD": name}
            done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, check=True)
            for case, time in json.loads(done.stdout).items():
                seconds[name][case].append(time)
    return seconds


def main() -> None:
    from bench_median import image_of, ours
    from pairs import race

    done = race({f"{size}x{size} {dtype}": ours(image_of(dtype), size) for size, dtype in CASES}, budget=0.5)
    print(json.dumps({case: done.best(case) for case in done.seconds}))


if __name__ == "__main__":
    main()
