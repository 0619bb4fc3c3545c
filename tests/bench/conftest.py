"""Measurements without pyperf's processes, for tests of what is made of them."""

import importlib
import timeit
import warnings

import pytest

from fastmath.bench import calls, layouts, lists, medians, sums
from fastmath.bench.timing import Effort, Measured


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each statement once, here."""
    warnings.filterwarnings("ignore", "Bad rank filter performance")  # as in a process of its own

    def measure(module: str, argument: str, effort: Effort, *options: str) -> dict[str, Measured]:
        statements = importlib.import_module(f"fastmath.bench.{module}").statements(argument)
        return {
            name: Measured(max(timeit.timeit(code, globals=names, number=1), 1e-9), 0.0)
            for name, (code, names, _) in statements.items()
        }

    for module in (calls, layouts, lists, medians, sums):
        monkeypatch.setattr(module, "measure", measure)
