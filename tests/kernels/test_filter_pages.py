"""Filters touch no memory beside their arrays: before and behind lie pages that nobody may touch."""

import sys

import pytest
from test_filter_processes import run_python

GUARDED = """
import ctypes, itertools, mmap
import numpy as np
from brute_force import filtered

PAGE = mmap.PAGESIZE
protect = ctypes.CDLL(None).mprotect
protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int

def guarded(bytes):
    '''That much memory at the end, and at the beginning, of pages between those that are forbidden.'''
    room = -(-bytes // PAGE) * PAGE
    memory = np.frombuffer(mmap.mmap(-1, room + 2 * PAGE), "u1")
    assert protect(memory.ctypes.data, PAGE, 0) == protect(memory.ctypes.data + PAGE + room, PAGE, 0) == 0
    return memory[PAGE + room - bytes : PAGE + room], memory[PAGE : PAGE + bytes]

def check(shape, dtype, sizes, **options):
    image = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    if options.pop("negative", False):
        image = -image
    wanted = filtered(image, sizes, **options)
    for memory, output in zip(guarded(image.nbytes), guarded(image.nbytes)):
        memory[:] = image.view("u1").ravel()
        result = output.view(dtype).reshape(shape)
        filtered(memory.view(dtype).reshape(shape), sizes, output=result, **options)
        assert result.tobytes() == wanted.tobytes(), (shape, dtype, sizes, options)

for dtype, sizes in itertools.product(["u1", "u2", "f4", "f8"], [(3, 3), (5, 5), (4, 3), (1, 9), (7, 7), (25, 31)]):
    for shape in [(30, 33), (31, 70), (9, 130)]:
        for rank in (0, None):
            check(shape, dtype, sizes, rank=rank)
    check((17, 65), dtype, sizes, negative=dtype[0] == "f", mode="wrap")
    for columns, mode in itertools.product([1, 15, 34, 95, 97, 131], ["wrap", "constant"]):
        check((63, columns), dtype, (3, 3), mode=mode, negative=dtype[0] == "f" and columns % 2)
for dtype, size in ("u1", 1), ("u2", 2), ("f4", 4), ("f8", 8):
    for columns in range(2046, 2116, 7):
        check(((4 << 20) // size // columns + 1, columns), dtype, (3, 3))
    check(((4 << 20) // size // 1037 + 1, 1037), dtype, (5, 5))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mprotect as Linux has it")
def test_memory_beside_arrays_is_not_touched():
    run_python("-c", GUARDED)
