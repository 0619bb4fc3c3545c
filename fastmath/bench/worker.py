"""What pyperf runs in each process: ``python -m fastmath.bench.worker MODULE ARGUMENT``, and pyperf's options.

`MODULE` is one of this package. Its `statements` gives, for an argument, by name what is to be timed.
"""

import argparse
import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pyperf


class Statement(NamedTuple):
    """A statement to time, what its names stand for, and how often it stands in the loop.

    A loop takes some nanoseconds itself, which count where the statement takes little more.
    """

    code: str
    names: dict[str, Any]
    copies: int = 1


def call(function: Callable[[], object]) -> Statement:
    """The statement that calls a function."""
    return Statement("function()", {"function": function})


def _pass_on(command: list[str], arguments: argparse.Namespace) -> None:
    command += [arguments.module, arguments.argument]


def main() -> None:
    runner = pyperf.Runner(program_args=("-P", "-m", "fastmath.bench.worker"), add_cmdline_args=_pass_on)
    runner.argparser.add_argument("module")
    runner.argparser.add_argument("argument")
    arguments = runner.parse_args()
    module = importlib.import_module(f"fastmath.bench.{arguments.module}")
    for name, (code, names, copies) in module.statements(arguments.argument).items():
        local = "; ".join(f"{each} = names[{each!r}]" for each in names) or "pass"
        runner.timeit(name, code, local, duplicate=copies, globals={"names": names})


if __name__ == "__main__":
    main()
