"""No call of the filter keeps memory, threads or files, whether it ends well or not.

Run by test_filter_processes.py, because the leak detector needs a process of its own.
"""

import numpy as np
import psleak
from brute_force import filtered

IMAGE = np.random.default_rng(0).random((30, 20)).astype(np.float32)
OUTPUT = np.empty_like(IMAGE)
FOOTPRINT = np.eye(5, dtype=bool)
REFUSED = ({"workers": 0}, {"rank": 9}, {"origins": (5, 5)}, {"output": IMAGE[1:]}, {"footprint": FOOTPRINT})


def results():
    for size in (3, 4, 41):
        for workers in (1, 2):
            filtered(IMAGE, (size, size), workers=workers, output=OUTPUT)
    filtered(IMAGE, (5, 5), footprint=FOOTPRINT, output=OUTPUT)
    filtered(IMAGE, (5, 5), rank=0, output=OUTPUT)


def refusals():
    for wrong in REFUSED:
        try:
            filtered(IMAGE, (3, 3), **wrong)
        except (ValueError, SystemError):
            continue
        raise AssertionError(f"not refused: {wrong}")


class Leaks(psleak.MemoryLeakTestCase):
    times = 50

    def test_results(self):
        self.execute(results)

    def test_refusals(self):
        self.execute(refusals)

    def test_the_detector_finds_a_leak(self):
        kept = []
        with self.assertRaises(psleak.MemoryLeakError):
            self.execute(lambda: kept.append(IMAGE.tobytes()))
