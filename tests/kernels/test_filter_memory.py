"""Memory beside input and output: at most 8 MiB for a thread, whatever the window.

The filters run in a process that may take that much more than it has, and what they give is compared with brute force
at some places.
"""

import numpy as np
from brute_force import MODES
from fastmath import _core
from test_filter_processes import run_python

VALID = len(MODES) + 1

CASES = {
    # shape, sizes, type, mode of all axes or of each, share of the rank
    "long": ((350_000,), (330_001,), "f8", "mirror", 0.5),
    "few outputs": ((700, 705), (690, 697), "f4", "valid", 0.3),
    "bytes": ((1200, 901), (1195, 899), "u1", "valid", 0.5),
    "volume": ((81, 72, 84), (80, 70, 81), "i8", "valid", 0.7),
    "thin": ((3, 150_000), (2, 200_001), "u2", "wrap", 0.5),
    "holes": ((1003, 305), (1001, 301), "f4", "valid", 0.5),
    "larger than a long array": ((310_000,), (1_500_000,), "f8", "reflect", 0.5),
    "larger than a thin array": ((2, 160_000), (7, 300_001), "f4", "constant", 0.4),
    "larger, and most of it one element": ((310_000,), (1_300_001,), "u4", "nearest", 0.6),
    "minimum inside": ((3000, 1500), (500, 1400), "f8", "valid", 0),
    "minimum inside along one axis": ((300, 120, 130), (11, 30, 120), "f8", ("reflect", "valid", "wrap"), 0),
    "maximum inside along two axes": ((130, 120, 300), (100, 40, 51), "f4", ("valid", "nearest", "valid"), 1),
    "high minimum": ((300_000, 3), (200_001, 1), "u1", "reflect", 0),
    "high and broad maximum": ((150_000, 3), (140_001, 3), "f8", "wrap", 1),
    "long minimum": ((2, 400_000), (1, 1_000_001), "f8", "mirror", 0),
    "long and high maximum": ((2, 250_000), (2, 200_000), "i8", "nearest", 1),
}

SCRIPT = """
from test_filter_memory import CASES, filtered_within
for case in CASES:
    print(*filtered_within(case, {room}))
"""


def arguments_of(case):
    shape, sizes, dtype, mode, share = CASES[case]
    generator = np.random.default_rng(len(case))
    low, high = (0, 200) if dtype == "u1" else (0, 50_000) if dtype[0] == "u" else (-20_000, 30_000)
    image = generator.integers(low, high, shape).astype(dtype)
    footprint = generator.random(sizes) < 0.5 if case == "holes" else None
    count = int(np.prod(sizes, dtype=object)) if footprint is None else int(footprint.sum())
    modes = (mode,) * len(shape) if isinstance(mode, str) else mode
    return image, sizes, footprint, min(int(count * share), count - 1), modes


def places_of(case):
    image, sizes, _, _, modes = arguments_of(case)
    counts = [n - s + 1 if mode == "valid" else n for n, s, mode in zip(image.shape, sizes, modes, strict=True)]
    return [tuple(int(share * (n - 1)) for n in counts) for share in (0, 0.3, 0.9, 1)]


def filtered_within(case, room):
    """Outputs at some places, or nothing where memory for `room` bytes more is too little."""
    import resource

    image, sizes, footprint, rank, modes = arguments_of(case)
    inside = tuple(slice(n - s + 1 if m == "valid" else n) for n, s, m in zip(image.shape, sizes, modes, strict=True))
    output = np.zeros_like(image[inside])
    with open("/proc/self/status") as status:
        data = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData:"))
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (data + room, before[1]))
    number = tuple(VALID if mode == "valid" else list(MODES).index(mode) for mode in modes)
    cval = np.array(1000 if image.itemsize > 1 else 100, image.dtype).tobytes()
    try:
        _core.rank_filter(image, output, sizes, (0,) * image.ndim, footprint, rank, number, cval, 1)
    except MemoryError:
        return []
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
    return [output[place].item() for place in places_of(case)]


def wanted(case):
    image, sizes, footprint, rank, modes = arguments_of(case)
    for place in places_of(case):
        indices = []
        for n, size, i, mode in zip(image.shape, sizes, place, modes, strict=True):
            before = 0 if mode == "valid" else size // 2
            pad = (0, 0) if mode == "valid" else (before, size - 1 - before)
            fill = {"constant_values": -1} if mode == "constant" else {}
            indices.append(np.pad(np.arange(n), pad, MODES.get(mode, "edge"), **fill)[i : i + size])
        window = image[np.ix_(*indices)]
        if "constant" in modes:
            window[np.logical_or.outer(*(index < 0 for index in indices))] = 1000
        members = window.ravel() if footprint is None else window[footprint]
        yield np.partition(members, rank)[rank].item()


def run(room):
    """What is printed for each case; every block of memory of some size is taken from the system and given back."""
    words = run_python("-c", SCRIPT.format(room=room), MALLOC_MMAP_THRESHOLD_="65536")
    return [float(word) for word in words]


def test_eight_mebibytes_do():
    assert run((8 << 20) + (64 << 10)) == [value for case in CASES for value in wanted(case)]


def test_less_is_noticed():
    """The limit works: these windows take some of it."""
    assert len(run(1 << 20)) < 4 * len(CASES)
