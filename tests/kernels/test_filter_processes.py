"""What the filter does to the process it runs in: Ctrl-C, other Python threads, fork, memory.

Each runs in a process of its own. The endless image takes no memory: all its rows are one row.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENGINES = ["(3, 3)", "(4, 3)", "(41, 41)", "(2, 131)", "(2, 1)", "(1, 60)", "(150, 3)", "(400001, 1)"]

ENDLESS = """
import os, signal, sys, threading
import numpy as np
from numpy.lib.stride_tricks import as_strided
from fastmath import _core

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have had ignored

def endless(size, workers):
    image = as_strided(np.zeros(100, np.uint16), (2**40, 100), (0, 2))
    output = as_strided(np.zeros(100, np.uint16), (2**40, 100), (0, 2))
    _core.rank_filter(image, output, size, (0, 0), None, size[0] * size[1] // 2, 0, bytes(2), workers)

def short(workers):
    image = np.random.default_rng(0).integers(0, 1000, (400, 300)).astype(np.uint16)
    output = np.empty_like(image)
    _core.rank_filter(image, output, (3, 3), (0, 0), None, 4, 0, bytes(2), workers)
    return output
"""


def run_python(*arguments, **variables):
    """What a Python that sees this folder and the installed packages prints, in words."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), **variables}
    done = subprocess.run(
        [sys.executable, "-P", *arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def run(script):
    return run_python("-c", ENDLESS + script)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("size", ENGINES)
def test_interrupt(size, workers):
    """Ctrl-C stops a call that would not end, and the next call is right."""
    script = f"""
wanted = short(1)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    endless({size}, {workers})
except KeyboardInterrupt:
    print("stopped", (short(2) == wanted).all())
"""
    assert run(script) == ["stopped", "True"]


def test_interrupt_by_an_exception_of_a_signal_handler():
    script = """
def handler(*_):
    raise LookupError("enough")
signal.signal(signal.SIGINT, handler)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    endless((3, 3), 2)
except LookupError as error:
    print(error)
"""
    assert run(script) == ["enough"]


@pytest.mark.parametrize("size", ENGINES)
def test_other_threads_run_meanwhile(size):
    """Were the GIL held, nothing would be printed."""
    script = f"""
threading.Thread(target=endless, args=({size}, 1), daemon=True).start()
print("meanwhile", len(short(2)), flush=True)
os._exit(0)
"""
    assert run(script) == ["meanwhile", "400"]


def test_fork_after_threads_were_used():
    script = """
wanted = short(2)
child = os.fork()
if not child:
    os._exit(0 if (short(2) == wanted).all() and (short(3) == wanted).all() else 1)
print(os.waitpid(child, 0)[1], (short(2) == wanted).all())
"""
    assert run(script) == ["0", "True"]


def test_fork_while_a_network_is_made():
    """Networks made at run time are kept for all threads."""
    script = """
def crosses():
    for n in range(3, 40, 2):
        image = np.arange(400, dtype=np.uint16).reshape(20, 20)
        footprint = np.zeros((n, n), bool)
        footprint[n // 2] = footprint[:, n // 2] = True
        _core.rank_filter(image, np.empty_like(image), (n, n), (0, 0), footprint, n, 0, bytes(2), 1)

def repeat():
    while True:
        crosses()

threading.Thread(target=repeat, daemon=True).start()
results = []
for _ in range(20):
    child = os.fork()
    if not child:
        crosses()
        os._exit(0)
    results.append(os.waitpid(child, 0)[1])
print(sum(results), flush=True)
os._exit(0)
"""
    assert run(script) == ["0"]


def test_fork_while_threads_are_at_work():
    script = """
wanted = short(2)
threading.Thread(target=endless, args=((3, 3), 2), daemon=True).start()
results = []
for _ in range(20):
    child = os.fork()
    if not child:
        os._exit(0 if (short(2) == wanted).all() else 1)
    results.append(os.waitpid(child, 0)[1])
print(sum(results), flush=True)
os._exit(0)
"""
    assert run(script) == ["0"]


def test_leaks():
    """In a process whose every allocation is malloc's, which the leak detector counts."""
    run_python("-m", "unittest", "isolated_filter_leaks", PYTHONMALLOC="malloc", PYTHONUNBUFFERED="1")
