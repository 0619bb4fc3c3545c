"""fastmath._core.rank_filter_missing against brute force: masks, NaNs, borders that end windows, and means."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from brute_force import MODES, TYPES, assert_same_bits, elements_of, keys_of
from fastmath import _core
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

ALL_MODES = [*MODES, "truncate", "valid"]
POLICIES = ["last", "omit", "propagate"]


def filtered(image, sizes, *, percent=50.0, offset=0, mean=False, mask=None, policy="last", empty=0, footprint=None,
             mode="reflect", origins=None, cval=0, workers=1):  # fmt: skip
    modes = [mode] * image.ndim if isinstance(mode, str) else mode
    native = image.dtype.newbyteorder("=")
    shape = [max(n - s + 1, 0) if m == "valid" else n for n, s, m in zip(image.shape, sizes, modes, strict=True)]
    output = np.empty(shape, image.dtype)
    _core.rank_filter_missing(
        image, output, tuple(sizes), tuple(origins or (0,) * image.ndim), footprint,
        tuple(ALL_MODES.index(name) for name in modes), np.array(cval, native).tobytes(), workers, mask,
        POLICIES.index(policy), np.array(empty, native).tobytes(), percent, offset, mean,
    )  # fmt: skip
    return output


def pad(keys, missing, sizes, modes, origins, fill):
    """Keys and what is missing of them, with the border that windows reach into; what truncates goes last."""
    for axis, name in sorted(enumerate(modes), key=lambda item: item[1] == "truncate"):
        lead = sizes[axis] // 2 + origins[axis]
        width = [(0, 0)] * keys.ndim
        width[axis] = (lead, sizes[axis] - 1 - lead)
        if name == "valid":
            continue
        if name in ("constant", "truncate"):
            keys = np.pad(keys, width, constant_values=fill)
            missing = np.pad(missing, width, constant_values=name == "truncate")
        else:
            keys, missing = np.pad(keys, width, MODES[name]), np.pad(missing, width, MODES[name])
    return keys, missing


def mean_key(a, b, dtype):
    """Of two keys, the key of the mean of their elements."""
    x, y = (elements_of(np.array([key]), dtype.newbyteorder("="))[0] for key in (a, b))
    if dtype.kind != "f":
        return round(Fraction(int(x) + int(y), 2))
    with np.errstate(all="ignore"):
        exact = np.longdouble(x) / 2 + np.longdouble(y) / 2
        return keys_of(np.array([exact]).astype(dtype.newbyteorder("=")))[0]


def expected(image, sizes, *, percent=50.0, offset=0, mean=False, mask=None, policy="last", empty=0, footprint=None,
             mode="reflect", origins=None, cval=0):  # fmt: skip
    """Sort what is left of each window."""
    dtype, native = image.dtype, image.dtype.newbyteorder("=")
    if not image.size:
        return filtered(image, sizes, mode=mode, origins=origins)
    members = np.ones(sizes, bool) if footprint is None else footprint
    modes = [mode] * image.ndim if isinstance(mode, str) else mode
    missing = np.zeros(image.shape, bool) if mask is None else mask
    fill, empty, nan = (keys_of(np.array([v], native))[0] for v in (cval, empty, np.nan if dtype.kind == "f" else 0))
    keys, missing = pad(keys_of(image), missing, sizes, modes, origins or (0,) * image.ndim, fill)
    if dtype.kind == "f" and policy == "omit":
        missing = missing | (keys == nan)
    shape = tuple(max(n - s + 1, 0) for n, s in zip(keys.shape, sizes, strict=True))
    if not np.prod(shape):
        return elements_of(np.empty(shape, keys.dtype), dtype)
    windows = sliding_window_view(keys, sizes)[..., members]
    left = ~sliding_window_view(missing, sizes)[..., members]
    highest = True if dtype.kind == "b" else np.iinfo(keys.dtype).max
    windows = np.sort(np.where(left, windows, highest), axis=-1)  # what is missing comes last, or equals what does
    count = left.sum(axis=-1)
    rank = np.clip((count * percent / 100).astype(int) + offset, 0, np.maximum(count - 1, 0))
    chosen = np.take_along_axis(windows, rank[..., None], -1)[..., 0]
    if mean:
        for index in zip(*np.nonzero((count > 0) & (count % 2 == 0)), strict=True):
            chosen[index] = mean_key(windows[index][rank[index]], windows[index][rank[index] - 1], dtype)
    if dtype.kind == "f" and policy == "propagate":
        chosen[(sliding_window_view(keys == nan, sizes)[..., members] & left).any(axis=-1)] = nan
    chosen[count == 0] = empty
    return elements_of(chosen, dtype)


def check(image, sizes, *, workers=1, **options):
    got = filtered(image, sizes, **options, workers=workers)
    assert_same_bits(got, expected(image, sizes, **options))


def noise(shape, dtype="u1", seed=0, nans=0.0):
    """Elements of every bit pattern; of floats so many NaNs."""
    generator = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype == bool:
        return generator.integers(0, 2, shape).astype(bool)
    raw = np.frombuffer(generator.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape).copy()
    if dtype.kind == "f":
        raw[np.isnan(raw)] = 1
        raw[generator.random(shape) < nans] = np.nan
    return raw


def mask_of(shape, share, seed=1):
    return np.random.default_rng(seed).random(shape) < share


WIDTHS = ["u1", "u2", "f4", "f8"]
SHARES = [0.0, 0.001, 0.01, 0.1, 0.5, 0.95, 1.0]


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9, 16, 17])
def test_masks(size, share, dtype):
    check(noise((37, 70), dtype), (size, size), mask=mask_of((37, 70), share), empty=7)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 17])
def test_nans(size, share, dtype):
    image = noise((37, 70), dtype, nans=share)
    check(image, (size, size), policy="omit", empty=np.nan)
    check(image, (size, size), policy="propagate", empty=3)
    check(image, (size, size), policy="last")


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", "<>")
def test_types(order, dtype):
    dtype = np.dtype(dtype).newbyteorder(order)
    image, mask = noise((9, 40), dtype, nans=0.1), mask_of((9, 40), 0.3)
    for policy in POLICIES:
        check(image, (3, 4), mask=mask, policy=policy, mean=True, mode="truncate")


@pytest.mark.parametrize("modes", [*itertools.product(ALL_MODES, repeat=2)])
def test_modes(modes):
    for mask in (None, mask_of((11, 13), 0.2)):
        for sizes in ((3, 5), (6, 4), (14, 3), (2, 16)):
            origins = tuple((s - 1) // 2 - s // 2 for s in sizes)
            options = {"mode": modes, "mask": mask, "cval": 200, "empty": 9}
            check(noise((11, 13)), sizes, **options)
            check(noise((11, 13)), sizes, **options, origins=origins)


@pytest.mark.parametrize(
    "percent, offset", [(0, 0), (100, -1), (100, 0), (0, 4), (100, -4), (30, 0), (87.5, 0), (0, 99)]
)
@pytest.mark.parametrize("mode", ["mirror", "truncate"])
def test_ranks(percent, offset, mode):
    for size, dtype, share in itertools.product([3, 8, 17], ["u1", "f4"], [0.02, 0.4]):
        options = {"percent": percent, "offset": offset, "mode": mode, "mask": mask_of((30, 21), share)}
        check(noise((30, 21), dtype), (size, size), **options)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("filled", [0.2, 0.5, 0.9])
def test_footprints(filled, dtype):
    generator = np.random.default_rng(3)
    for shape in ((1, 5), (5, 1), (4, 6), (9, 9), (20, 20)):
        footprint = generator.random(shape) < filled
        footprint[0, 0] = True
        for share in (0.05, 0.6):
            options = {"footprint": footprint, "mask": mask_of((25, 40), share), "mean": True}
            check(noise((25, 40), dtype), shape, **options)
            check(noise((25, 40), dtype), shape, **options, mode="truncate")


@pytest.mark.parametrize("shape, sizes", [
    ((90,), (5,)), ((9000,), (31,)), ((90,), (101,)), ((5, 6, 7), (3, 3, 3)), ((3, 70, 4), (1, 5, 2)),
    ((40, 30, 3), (5, 5, 1)), ((3, 4, 2, 5, 3), (2, 1, 3, 2, 2)), ((1, 1), (1, 1)), ((4, 0, 5), (3, 3, 3)),
])  # fmt: skip
def test_dimensions(shape, sizes):
    for dtype, share in itertools.product(["u1", "f4"], [0.05, 0.5]):
        for mode in ("reflect", "truncate", "valid"):
            check(noise(shape, dtype), sizes, mask=mask_of(shape, share), mode=mode)
            check(np.asfortranarray(noise(shape, dtype)), sizes, mask=mask_of(shape, share), mode=mode)


@pytest.mark.parametrize("dtype", TYPES)
def test_means(dtype):
    for sizes in ((2, 2), (4, 3), (3, 3)):
        check(noise((20, 33), dtype, nans=0.01), sizes, mean=True)
        check(noise((20, 33), dtype, nans=0.01), sizes, mean=True, mode="truncate")


def test_means_round_once():
    largest = np.finfo(np.float64).max
    pairs = [(largest, largest), (largest, -largest), (5e-324, 5e-324), (5e-324, 0.0), (1.0, 1 + 2**-52), (np.inf, 1.0),
             (np.inf, -np.inf), (-0.0, -0.0), (-0.0, 0.0), (np.nan, 1.0)]  # fmt: skip
    for pair in pairs:
        check(np.array(pair), (2,), mean=True, mode="valid")
    for dtype in "bBhHiIlL":
        limits = np.iinfo(dtype)
        for low, high in [(limits.min, limits.max), (limits.max - 1, limits.max), (limits.min, limits.min + 1), (2, 3)]:
            check(np.array([low, high], dtype), (2,), mean=True, mode="valid")


@pytest.mark.parametrize("workers", [2, 7])
def test_several_blocks(workers):
    for shape, sizes in (((700, 300), (5, 5)), ((300, 9000), (3, 3)), ((70, 60, 50), (3, 3, 3))):
        image, mask = noise(shape, "u2"), mask_of(shape, 0.03)
        got = filtered(image, sizes, mask=mask, mode="truncate", workers=workers)
        assert_same_bits(got, filtered(image, sizes, mask=mask, mode="truncate"))
        corner = tuple(slice(0, 40) for _ in shape)
        wanted = expected(image[corner], sizes, mask=mask[corner], mode="truncate")
        inside = tuple(slice(0, 36) for _ in shape)
        np.testing.assert_array_equal(got[inside], wanted[inside])
        end = tuple(slice(-40, None) for _ in shape)
        wanted = expected(image[end], sizes, mask=mask[end], mode="truncate")
        inside = tuple(slice(-36, None) for _ in shape)
        np.testing.assert_array_equal(got[inside], wanted[inside])


@pytest.mark.parametrize("sizes", [(24, 25), (25, 24), (30, 31), (5, 128), (128, 5), (70, 64), (129, 6)])
def test_large_windows(sizes):
    """Where elements are numbered, and just before and after."""
    for dtype, share in zip(WIDTHS, [0.05, 0.9, 0.001, 0.3], strict=True):
        image, mask = noise((9, 260), dtype), mask_of((9, 260), share)
        mask[:, 100:140] = dtype == "u2"
        check(image[:, :30], sizes, mask=mask[:, :30], mode="truncate", mean=True)
        check(image, sizes, mask=mask, percent=90, mode="mirror")


@pytest.mark.parametrize("sizes", [(18, 19), (19, 19), (255, 3), (2, 255), (256, 3), (3, 256), (512, 2), (2, 513)])
def test_large_windows_of_bytes(sizes):
    """Where histograms take over, where their counts become wider, and where they end."""
    for dtype, share in (("u1", 0.001), ("i1", 0.3), ("?", 0.95)):
        image, mask = noise((20, 45), dtype), mask_of((20, 45), share)
        mask[5:9, 3:30] = True
        check(image, sizes, mask=mask, mode="truncate", mean=dtype != "?", empty=1)
        check(image, sizes, mask=mask, percent=30, mode="wrap")


def test_several_tiles_of_bytes():
    image, mask = noise((560, 620), "u1"), mask_of((560, 620), 0.01)
    got = filtered(image, (25, 31), mask=mask, mode="mirror", workers=2)
    for rows, columns in ((slice(240, 330), slice(270, 350)), (slice(0, 60), slice(560, 620))):
        wanted = expected(image[rows, columns], (25, 31), mask=mask[rows, columns], mode="valid")
        centers = (slice(rows.start + 12, rows.stop - 12), slice(columns.start + 15, columns.stop - 15))
        np.testing.assert_array_equal(got[centers], wanted)


@pytest.mark.parametrize("modes", [*itertools.product(ALL_MODES[:6], repeat=2)])
def test_windows_larger_than_the_image(modes):
    """Several times as large, and where they begin to be."""
    for dtype, sizes, origins in (("u1", (61, 47), (0, 0)), ("f4", (50, 21), (-25, 10)), ("i2", (33, 31), (16, -15))):
        image, mask = noise((7, 9), dtype, nans=0.03), mask_of((7, 9), 0.3)
        for policy in POLICIES if dtype == "f4" else POLICIES[:1]:
            options = {"mode": modes, "origins": origins, "policy": policy, "cval": np.nan if dtype == "f4" else 100}
            check(image, sizes, **options, mask=mask, mean=True, empty=3)
            check(image, sizes, **options, percent=20)
    check(noise((7, 9), "f8"), (61, 47), mode=modes, mask=np.ones((7, 9), bool), empty=3)


def test_windows_larger_than_images_of_other_dimensions():
    for shape, sizes in (((30,), (1001,)), ((3, 1, 5), (11, 12, 13)), ((31, 33), (31, 33)), ((31, 33), (32, 31)), ((1, 1), (60, 60)),
                         ((5, 40), (2001, 1)), ((6, 40), (13, 90))):  # fmt: skip
        for dtype, mode in itertools.product(["u2", "i8"], ["truncate", "mirror", "constant"]):
            check(noise(shape, dtype), sizes, mode=mode, mask=mask_of(shape, 0.2), workers=3)
    footprint = mask_of((40, 33), 0.9)
    check(noise((9, 10)), (40, 33), mode="truncate", mask=mask_of((9, 10), 0.2), footprint=footprint)


def test_windows_far_larger_than_the_image():
    """What takes no longer and no more memory than the image does."""
    image, mask = noise((40, 50), "u2"), np.zeros((40, 50), bool)
    whole = (1_000_001, 1_000_003)
    for mode in ("reflect", "mirror", "wrap", "nearest"):
        got = filtered(image, whole, mode=mode, mask=mask)
        wanted = np.empty_like(image)
        _core.rank_filter(
            image, wanted, whole, (0, 0), None, whole[0] * whole[1] // 2, ALL_MODES.index(mode), b"\0\0", 1
        )
        np.testing.assert_array_equal(got, wanted)
    mask = mask_of(image.shape, 0.3)
    median = np.sort(image[~mask])[(~mask).sum() // 2]
    assert np.all(filtered(image, whole, mode="truncate", mask=mask) == median)


@pytest.mark.parametrize("size", [38, 39, 40])
def test_windows_about_as_large_as_the_image(size):
    for dtype, mode in itertools.product(WIDTHS, ["valid", "truncate", "reflect"]):
        check(noise((40, 40), dtype), (size, size), mode=mode)


@pytest.mark.parametrize("dtype", ["u1", ">u2", "i2", "f4", "i8"])
@pytest.mark.parametrize("share", [0.0005, 0.004, 0.012])
def test_few_missing(dtype, share):
    """Boxes that are filtered as they are and then repaired, up to as many holes as make them ones for blocks."""
    image, mask = noise((70, 90), dtype, nans=share), mask_of((70, 90), share)
    mask[0, 0] = mask[40, 50:52] = True
    for sizes, options in [
        ((3, 3), {"policy": "omit"}), ((5, 4), {"mode": "wrap"}), ((1, 9), {"mode": "mirror"}), ((9, 1), {"mode": "nearest"}),
        ((15, 17), {"mode": "constant", "cval": 3}), ((3, 3), {"policy": "propagate", "mode": "truncate"}),
        ((5, 5), {"percent": 30.0, "mode": "valid"}), ((5, 5), {"percent": 100.0, "offset": -3, "origins": (2, -2)}),
        ((3, 7), {"footprint": mask_of((3, 7), 0.6)}),
    ]:  # fmt: skip
        check(image, sizes, mask=mask, **options, empty=7)
        check(image.T, sizes, mask=mask.T, **options, empty=7)
    if image.dtype.kind == "f":
        image[30:33, 10] = np.nan
        for policy in POLICIES:
            check(image, (5, 5), policy=policy)
            check(image, (5, 5), policy=policy, mode="constant", cval=np.nan)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("sizes", [(15, 17), (16, 16), (255, 1), (1, 256), (7, 7), (5, 10), (6, 8), (2, 25)])
def test_few_missing_where_ways_meet(sizes, dtype):
    """As many elements as bytes count, and as are too few for replacements to be mixed; alone, in pairs, in lines."""
    image = noise((50, 130), dtype)
    for clusters in range(4):
        mask = mask_of(image.shape, [0.0005, 0.002, 0.008, 0.015][clusters])
        mask[20:22, 40] = clusters == 1
        mask[:, 70] = clusters == 2
        mask[30, 5:100] = clusters == 3
        check(image, sizes, mask=mask, mode="nearest", empty=5)
        check(image, sizes, mask=mask, mode="mirror", percent=75, offset=-1)


@pytest.mark.parametrize("shape", [(32, 64), (31, 66), (45, 45), (46, 45), (1100, 9), (3, 1000)])
def test_boxes(shape):
    """About as small as they are, and narrower than a vector."""
    for dtype, mode in itertools.product(WIDTHS, ["reflect", "constant", "wrap"]):
        check(noise(shape, dtype), (3, 3), mask=mask_of(shape, 0.004), mode=mode, cval=9)
        check(noise(shape, dtype), (5, 9), mask=mask_of(shape, 0.01), mode=mode, origins=(-2, 4))


def test_rows_of_some_holes():
    """About as many as make a row one that is corrected whole, and as many windows as are few."""
    for holes, size, dtype in itertools.product([1, 2, 15, 16, 17, 40], [3, 14, 15], ["u1", "f8"]):
        image, mask = noise((40, 520), dtype), np.zeros((40, 520), bool)
        mask[20, 100 : 100 + holes] = True
        mask[10, 3 : 3 + 33 * holes : 33] = True
        check(image, (1, size), mask=mask)
        check(image[::-1, ::-1], (3, size), mask=mask[::-1, ::-1])


@pytest.mark.parametrize("percent, offset", [(0, 0), (100, -1), (100, 0)])
def test_extremes(percent, offset):
    """Boxes of them are copied always; more elements than bytes count are left to blocks, and those to weights."""
    windows = [(3, 3), (2, 1), (8, 9), (15, 17), (16, 16), (31, 27)]
    for (dtype, share), sizes in itertools.product([("u1", 0.002), ("f4", 0.01), ("i8", 0), ("u2", 0.5)], windows):
        image, mask = noise((48, 90), dtype, nans=share), mask_of((48, 90), share)
        mask[20:30, 40:47] = share > 0
        for policy in POLICIES if dtype == "f4" else ["last"]:
            check(image, sizes, percent=percent, offset=offset, mask=mask, policy=policy, empty=7)
        check(image, sizes, percent=percent, offset=offset, mask=mask, mode="truncate", empty=7)


def test_replacements_among_infinities():
    """Replacements are infinite where no NaN counts; such elements, and NaNs that count, are others."""
    generator = np.random.default_rng(8)
    for dtype, nans in itertools.product(["f2", "f4", ">f8"], [0.0, 0.3]):
        image = generator.choice([np.inf, -np.inf, 0.0, -0.0, 1.0], (60, 70)).astype(dtype)
        image[generator.random(image.shape) < nans] = np.nan
        for mask, policy in itertools.product([None, mask_of(image.shape, 0.004)], POLICIES):
            sparse = np.where(mask_of(image.shape, 0.99), np.nan_to_num(image), image) if policy != "last" else image
            check(sparse, (5, 5), mask=mask, policy=policy, empty=2)
            check(sparse, (7, 8), mask=mask, policy=policy, empty=2, percent=90)


def test_few_missing_of_stacks():
    stack, mask = noise((3, 60, 50), "u2"), mask_of((3, 60, 50), 0.002)
    mask[1, 20] = True
    check(stack, (1, 5, 5), mask=mask)
    check(np.moveaxis(stack, 0, -1), (5, 5, 1), mask=np.moveaxis(mask, 0, -1))
    check(stack.reshape(-1), (9,), mask=mask.reshape(-1))
    check(stack[:, ::-1, ::2], (1, 3, 3), mask=mask[:, ::-1, ::2])
    got = filtered(noise((300, 9000), "u1"), (5, 5), mask=mask_of((300, 9000), 0.001), workers=3)
    assert_same_bits(got[40:-40, 8000:], expected(noise((300, 9000), "u1")[30:-30, 7990:], (5, 5),
                                                  mask=mask_of((300, 9000), 0.001)[30:-30, 7990:])[10:-10, 10:])  # fmt: skip


def test_large_windows_of_floats():
    image = noise((20, 33), "f4", nans=0.02)
    for policy in POLICIES:
        for mask in (None, mask_of(image.shape, 0.1)):
            check(image, (27, 30), policy=policy, mask=mask, empty=4)
            check(image.T, (27, 30), policy=policy, mask=None if mask is None else mask.T, mode="truncate")
    stack = noise((3, 40, 50), "u1")
    check(stack, (1, 26, 28), mask=mask_of(stack.shape, 0.03))
    check(np.moveaxis(stack, 0, -1), (26, 28, 1), mask=np.moveaxis(mask_of(stack.shape, 0.03), 0, -1))


def test_whole_tiles():
    """As many numbers as there are, and all but one."""
    for shape in ((256, 256), (255, 256), (256, 255)):
        image, mask = noise(shape, "u2"), np.zeros(shape, bool)
        mask[3, 5] = True
        got = filtered(image, (25, 25), mask=mask, mode="valid")
        wanted = filtered(image, (25, 25), mode="valid")
        far = np.ones(got.shape, bool)
        far[:4, :6] = False
        np.testing.assert_array_equal(got[far], wanted[far])
        check(image[:40, :40], (25, 25), mask=mask[:40, :40], mode="valid")


def test_missing_in_clusters():
    mask = np.zeros((60, 80), bool)
    mask[10:40, 20:50] = mask[:, 70:] = True
    for dtype, size in itertools.product(WIDTHS, [3, 5, 15, 19]):
        check(noise((60, 80), dtype), (size, size), mask=mask, empty=1)


def test_few_values():
    """Many equal elements, the lowest and the highest among them: what missing elements are replaced by."""
    for dtype in ("?", "u1", "i2", "f4", "i8"):
        generator = np.random.default_rng(4)
        values = [np.inf, -np.inf, 0.0, np.nan] if dtype == "f4" else [0, 1] if dtype == "?" else [
            np.iinfo(dtype).min, np.iinfo(dtype).max, 0]  # fmt: skip
        image = generator.choice(np.array(values, dtype), (40, 40))
        for share, policy in itertools.product([0.05, 0.5], POLICIES):
            check(image, (5, 5), mask=mask_of((40, 40), share), policy=policy)


@st.composite
def calls(draw):
    ndim = draw(st.integers(1, 4))
    longest = [70, 24, 9, 5][ndim - 1]
    shape = draw(st.tuples(*[st.integers(0, longest)] * ndim))
    sizes = draw(st.tuples(*[st.integers(1, [40, 12, 5, 3][ndim - 1])] * ndim))
    seed = draw(st.integers(0, 2**32))
    image = noise(shape, draw(st.sampled_from(TYPES)), seed, draw(st.sampled_from(SHARES)))
    image = image.astype(image.dtype.newbyteorder(draw(st.sampled_from("<>"))))
    if draw(st.booleans()) and ndim > 1:
        image = image.swapaxes(0, 1)
        sizes = (sizes[1], sizes[0], *sizes[2:])
    options = {
        "percent": draw(st.sampled_from([0.0, 50.0, 100.0, 12.5, 70.0])),
        "offset": draw(st.integers(-3, 3)),
        "mask": mask_of(image.shape, draw(st.sampled_from(SHARES)), seed) if draw(st.booleans()) else None,
        "policy": draw(st.sampled_from(POLICIES)),
        "mode": tuple(draw(st.sampled_from(ALL_MODES)) for _ in sizes),
        "origins": tuple(draw(st.integers(-(s // 2), (s - 1) // 2)) for s in sizes),
        "cval": draw(st.sampled_from([0, 1])),
        "empty": draw(st.sampled_from([0, 1])),
    }
    if options["percent"] == 50 and options["offset"] == 0:
        options["mean"] = draw(st.booleans())
    if draw(st.booleans()):
        options["footprint"] = np.random.default_rng(seed).random(sizes) < 0.7
        options["footprint"].flat[0] = True
    return image, sizes, options


@given(calls())
def test_any_call(call):
    image, sizes, options = call
    check(image, sizes, **options)


# ---- Deviations ----


def deviations(image, sizes, *, mask=None, policy="last", empty=0, footprint=None, mode="reflect", origins=None, cval=0,
               workers=1):  # fmt: skip
    modes = [mode] * image.ndim if isinstance(mode, str) else mode
    native = image.dtype.newbyteorder("=")
    kind = native if native.kind != "i" else np.dtype(f"u{native.itemsize}")
    shape = [max(n - s + 1, 0) if m == "valid" else n for n, s, m in zip(image.shape, sizes, modes, strict=True)]
    output, median = np.empty(shape, kind), np.empty(shape, native)
    _core.mad_filter(
        image, output, tuple(sizes), tuple(origins or (0,) * image.ndim), footprint,
        tuple(ALL_MODES.index(name) for name in modes), np.array(cval, native).tobytes(), workers, mask,
        POLICIES.index(policy), np.array(empty, kind).tobytes(), median,
    )  # fmt: skip
    return output, median


def distances(window, center, dtype):
    """Keys of the distances, as exact integers or as floats of the type."""
    elements = elements_of(np.append(window, center), dtype)
    with np.errstate(all="ignore"):
        if dtype.kind == "f":
            return np.sort(keys_of(np.abs(elements[:-1] - elements[-1])))
        return np.sort(np.abs(elements[:-1].astype(object) - elements[-1].item() * 1))


def check_deviations(image, sizes, *, mode="reflect", mask=None, policy="last", footprint=None, cval=0):
    """By way of the definition, window by window."""
    dtype = image.dtype.newbyteorder("=")
    options = {"mode": mode, "mask": mask, "policy": policy, "footprint": footprint, "cval": cval}
    got, medians = deviations(image, sizes, **options)
    wanted_medians = expected(image, sizes, **options)
    members = np.ones(sizes, bool) if footprint is None else footprint
    missing = np.zeros(image.shape, bool) if mask is None else mask
    fill, nan = (keys_of(np.array([v], dtype))[0] for v in (cval, np.nan if dtype.kind == "f" else 0))
    keys, missing = pad(keys_of(image), missing, sizes, [mode] * image.ndim, (0,) * image.ndim, fill)
    if dtype.kind == "f" and policy == "omit":
        missing = missing | (keys == nan)
    windows = sliding_window_view(keys, sizes)[..., members]
    left = ~sliding_window_view(missing, sizes)[..., members]
    for index in np.ndindex(got.shape):
        window = np.sort(windows[index][left[index]])
        if not len(window):
            assert got[index] == 0
            continue
        assert medians[index] == wanted_medians[index] or np.isnan(medians[index])
        if dtype.kind == "f" and policy == "propagate" and window[-1] == nan:
            assert np.isnan(got[index])
            continue
        distance = distances(window, window[len(window) // 2], dtype)[len(window) // 2]
        wanted = elements_of(np.array([distance]), dtype)[0] if dtype.kind == "f" else distance
        np.testing.assert_array_equal(got[index], wanted)


@pytest.mark.parametrize("dtype", [kind for kind in TYPES if kind != "f2"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_deviations(dtype, share):
    for sizes in ((3, 3), (4, 5), (17, 16)):
        image = noise((14, 35), dtype, nans=0.02)
        mask = mask_of(image.shape, share) if share else None
        for policy in POLICIES if np.dtype(dtype).kind == "f" else ["last"]:
            check_deviations(image, sizes, mask=mask, policy=policy, mode="truncate")
        check_deviations(image, sizes, mask=mask)


def test_deviations_of_few_values():
    for dtype in ("?", "u1", "i1", "i4", "f4"):
        image = np.random.default_rng(0).integers(0, 2, (20, 30)).astype(dtype)
        check_deviations(image, (5, 5), mask=mask_of(image.shape, 0.3))
    image = np.random.default_rng(0).choice(np.array([np.inf, -np.inf, 1, 2, np.nan], "f4"), (20, 30))
    for policy in POLICIES:
        check_deviations(image, (3, 5), policy=policy, mask=mask_of(image.shape, 0.3))


@pytest.mark.parametrize("shape, sizes", [((200,), (9,)), ((5, 6, 7), (3, 3, 3)), ((9, 40), (1, 1))])
def test_deviations_in_other_dimensions(shape, sizes):
    for mode in ("reflect", "constant", "truncate", "valid"):
        check_deviations(noise(shape, "i2"), sizes, mode=mode, mask=mask_of(shape, 0.1))


def test_deviations_of_footprints():
    footprint = mask_of((5, 7), 0.5)
    check_deviations(noise((20, 33), "f8"), (5, 7), footprint=footprint, mask=mask_of((20, 33), 0.1))
