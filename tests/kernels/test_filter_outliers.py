"""fastmath._core.remove_outliers against its definition, from medians and deviations that have tests of their own."""

import math

import numpy as np
import pytest
from brute_force import TYPES, assert_same_bits
from fastmath import _core
from test_filter_missing import ALL_MODES, POLICIES, deviations, filtered, mask_of, noise

SIDES = ["both", "bright", "dark"]
SOME = 512
"""Elements of a line that are looked at together."""


def cleaned(image, sizes, threshold, *, side="both", by_deviations=False, mask=None, policy="last", mode="reflect",
            cval=0, workers=1, output=None, replaced=None):  # fmt: skip
    output = np.empty(image.shape, image.dtype) if output is None else output
    replaced = np.empty(image.shape, bool) if replaced is None else replaced
    native = image.dtype.newbyteorder("=")
    _core.remove_outliers(
        image, output, tuple(sizes), (0,) * image.ndim, None, (ALL_MODES.index(mode),) * image.ndim,
        np.array(cval, native).tobytes(), workers, mask, POLICIES.index(policy), bytes(image.itemsize),
        SIDES.index(side), by_deviations, float(threshold), min(math.floor(min(threshold, 2**64)), 2**64 - 1),
        replaced,
    )  # fmt: skip
    return output, replaced


def distances(image, medians, side):
    """As exact integers, or as doubles."""
    exact = np.float64 if image.dtype.kind == "f" else object
    x, y = (np.asarray(array, exact) + 0 for array in (image, medians))
    with np.errstate(all="ignore"):
        return {"both": abs(x - y), "bright": x - y, "dark": y - x}[side]


def expected(image, sizes, threshold, *, side="both", by_deviations=False, mask=None, **options):
    medians = filtered(image, sizes, mask=mask, **options)
    distance, limit = distances(image, medians, side), threshold
    if by_deviations:
        with np.errstate(all="ignore"):
            limit = deviations(image, sizes, mask=mask, **options)[0].astype(float) * threshold
        limit[np.isnan(limit)] = np.inf
        distance = distance.astype(float)
    replaced = np.asarray(distance > limit, bool)
    if mask is not None:
        replaced &= ~mask
    return np.where(replaced, medians, image).astype(image.dtype), replaced


def check(image, sizes, threshold, **options):
    result, replaced = cleaned(image, sizes, threshold, **options)
    options.pop("workers", None)
    wanted, where = expected(image, sizes, threshold, **options)
    np.testing.assert_array_equal(replaced, where)
    raw = f"{image.dtype.byteorder}u{image.itemsize}"
    medians = filtered(image, sizes, **{k: v for k, v in options.items() if k not in ("side", "by_deviations")})
    bits = np.where(where, medians.view(raw), image.view(raw)).astype(raw)
    assert_same_bits(result.view(raw), bits)  # also those of NaNs that stay


def thresholds(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return [0, 0.1, 3.0, 1e30, math.inf]
    return [0, 1, 0.5, 0.99 * 2 ** (8 * dtype.itemsize), 2 ** (8 * dtype.itemsize - 1), 2**64, math.inf]


def image_of(shape, dtype, order="="):
    """Elements of every bit pattern, among which neighbours are often alike."""
    image = noise(shape, dtype, nans=0.05)
    image[image.shape[0] // 2 :] = image[: image.shape[0] - image.shape[0] // 2]
    image[::3] = image[0, 0]
    return image.astype(image.dtype.newbyteorder(order))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("side", SIDES)
def test_types(dtype, side):
    for threshold in thresholds(dtype):
        check(image_of((9, SOME + 3), dtype), (3, 3), threshold, side=side)
    check(image_of((9, 45), dtype, ">"), (3, 3), 1, side=side)


@pytest.mark.parametrize("dtype", [kind for kind in TYPES if kind != "f2"])
@pytest.mark.parametrize("side", SIDES)
def test_deviations(dtype, side):
    for factor in (0, 1 / 512, 1.5, 2.3, 3, 127.5, 255, 256, 65535, 1e300, math.inf):
        check(image_of((9, 45), dtype), (3, 3), factor, side=side, by_deviations=True)
    check(image_of((9, SOME + 3), dtype, ">"), (3, 5), 2, side=side, by_deviations=True)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4"])
def test_factors_around_products_that_are_integers(dtype):
    """A window of 0, d and d + e has the deviation d, and e is how far its outlier is; d * factor is rounded."""
    last = np.iinfo(dtype).max
    for quotient in (31 / 10, 7 / 3, 1.1, 3, 2.5, 100 / 3, last / 7, 4.7e-5 + 2):
        for factor in (np.nextafter(quotient, 0), quotient, np.nextafter(quotient, last)):
            d = np.unique(np.r_[1:50, np.random.default_rng(1).integers(1, max(2, last // (quotient + 2)), 400)])
            products = np.rint(d * factor).astype(np.int64)
            rows = [
                (0, n + e, n) for n, p in zip(d, products, strict=True) for e in range(p - 2, p + 3) if n + e <= last
            ]
            check(np.array(rows, dtype), (1, 3), factor, by_deviations=True)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_differences_that_round_to_the_threshold(dtype):
    tiny, eps = np.finfo(dtype).tiny, np.finfo(dtype).eps
    shifts = np.array([0, tiny, -tiny, eps, -eps, eps / 4, -eps / 4, 1e-3, -1e-3], dtype)
    line = np.zeros(9 * 27, dtype)
    line[1::3] = np.repeat([10, -10, 10 * (1 + eps)], 27).astype(dtype)
    line[0::3] = line[2::3] = np.tile(shifts, 9)
    for limit in (10, np.nextafter(10, 11), np.nextafter(10, 9), 10 * (1 + float(eps)), 10 * (1 - float(eps) / 3)):
        for side in SIDES:
            check(line[None], (1, 3), limit, side=side)
    edge = np.array([0, np.finfo(dtype).max, 0, 0, -np.finfo(dtype).max, 0], dtype)
    for limit in (float(np.finfo(dtype).max), 1.5 * float(np.finfo("f4").max), np.inf):
        check(edge[None], (1, 3), limit)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
@pytest.mark.parametrize("sizes", [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (4, 5), (5, 5), (1, 7), (9, 1), (31, 33)])
def test_windows(dtype, sizes):
    check(noise((67, 150), dtype), sizes, 100, workers=2)
    check(noise((40, 50), dtype), sizes, 1.5, by_deviations=True, workers=2)


@pytest.mark.parametrize("dtype", ["u1", "f8"])
@pytest.mark.parametrize("shape, sizes", [
    ((1,), (3,)), ((2000,), (5,)), ((2000,), (301,)), ((5, 6, 7), (3, 3, 3)), ((700, 40), (3, 3)),
    ((40, 700), (61, 61)), ((9, 11), (99, 99)), ((3, 2, 5, 4), (1, 3, 1, 3)), ((130, 3), (3, 1)),
])  # fmt: skip
def test_shapes(dtype, shape, sizes):
    check(noise(shape, dtype), sizes, 20)
    check(noise(shape, dtype), sizes, 1, by_deviations=True)


@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
@pytest.mark.parametrize("sizes", [(2, 1), (3, 3), (3, 7), (15, 15), (25, 25), (1, 40), (40, 1), (35, 3), (1, 301)])
def test_images_of_several_blocks(dtype, sizes):
    check(noise((1100, 300), dtype), sizes, 100)


@pytest.mark.parametrize("mode", [mode for mode in ALL_MODES if mode != "valid"])
def test_borders(mode):
    for dtype in ("u1", "i2", "f4"):
        for by_deviations in (False, True):
            check(noise((30, 41), dtype), (5, 4), 2, mode=mode, cval=7, by_deviations=by_deviations)


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", ">f8", "f2"])
@pytest.mark.parametrize("policy", POLICIES)
def test_missing_elements(dtype, policy):
    """Few, so that repair.c makes them, and many."""
    for share in (0.001, 0.3):
        image = image_of((90, 101), dtype, dtype[:1] if dtype[0] == ">" else "=")
        for by_deviations in (False, True)[: 1 if dtype == "f2" else 2]:
            check(image, (3, 3), 1, mask=mask_of(image.shape, share), policy=policy, by_deviations=by_deviations)
        check(image, (3, 3), 1, policy=policy, side="dark")


def test_layouts():
    image = noise((2 * 30, 3, 2 * 40), "u2")[::-2, 1, ::2]
    wanted, where = expected(image, (3, 3), 5000)
    room, flags = np.full((30, 40, 3), 7, np.uint16), np.zeros((40, 30, 2), bool)
    cleaned(image, (3, 3), 5000, output=room[..., 1], replaced=flags[..., 1].T)
    np.testing.assert_array_equal(room[..., 1], wanted)
    np.testing.assert_array_equal(flags[..., 1].T, where)
    assert (room[..., ::2] == 7).all() and not flags[..., 0].any()
    cleaned(image, (3, 3), 5000, output=room[..., 2].T.copy().T, replaced=where[:])
    mask = mask_of((40, 30), 0.2).T
    check(image, (3, 3), 5000, mask=mask)
    odd = mask.view(np.uint8).copy() * np.uint8(255)
    result, _ = cleaned(image, (3, 3), 5000, mask=odd.view(bool))
    np.testing.assert_array_equal(result, expected(image, (3, 3), 5000, mask=mask)[0])


def test_arguments_out_of_range():
    image = np.zeros((5, 5), np.float16)
    for options in ({"by_deviations": True}, {"mode": "valid"}):
        with pytest.raises((SystemError, ValueError)):
            cleaned(image, (3, 3), 1, **options)
    for threshold in (-1, math.nan):
        with pytest.raises((SystemError, ValueError, OverflowError)):
            cleaned(image, (3, 3), threshold)
    with pytest.raises(ValueError, match="^replaced: "):
        cleaned(image, (3, 3), 1, replaced=np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match="^output: "):
        cleaned(image, (3, 3), 1, output=np.zeros((5, 5), np.float32))
    with pytest.raises(ValueError):
        cleaned(image, (3, 3), 1, replaced=np.zeros((5, 4), bool))
