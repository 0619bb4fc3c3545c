"""fastmath._core.rank_filter against brute force, wherever an engine or its cutting into parts could err.

Sizes are dense where one engine takes over from another, and images end just before, on and after the
edges of the engines' blocks: a network works on rows of 1024 bytes for each column of its tile, in parts of
64 rows, the others on blocks of some thousand elements.
"""

import ctypes
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from brute_force import MODES, TYPES, assert_same_bits, check, expected, filtered
from fastmath import _core
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

WIDTHS = ["u1", "u2", "f4", "f8"]
"""One type for each width of element: each has engines of its own."""

ENGINE_SIZES = [(3, 3), (5, 5), (4, 3), (19, 19), (43, 41), (2, 131), (3, 1), (1, 3), (1, 45), (24, 23)]
"""Windows that reach every engine."""


def noise(shape, dtype="u1", seed=0, swapped=False):
    """Elements with every bit pattern that the type has; NaNs with payloads and of both signs among them."""
    dtype = np.dtype(dtype)
    generator = np.random.default_rng(seed)
    if dtype == bool:
        return generator.integers(0, 2, shape).astype(bool)
    raw = np.frombuffer(generator.bytes(int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)
    return raw.view(dtype.newbyteorder()) if swapped else raw.copy()


def specials(shape, dtype, seed=0):
    """Few different floats, so that windows hold equal ones, NaNs and zeros of both signs."""
    values = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e-5, 6e-8, -6e-8, 65504], dtype)
    return np.random.default_rng(seed).choice(values, shape)


# ---- Windows ----


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("size", range(1, 20))
def test_squares(size, dtype):
    check(noise((37, 45), dtype), (size, size))


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("size", [*range(20, 48), 63, 64])
def test_large_squares(size, dtype):
    check(noise((20, 33), dtype), (size, size))


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("size", [101, 127, 128, 129, 150])
def test_very_large_squares(size, dtype):
    check(noise((9, 11), dtype), (size, size))


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize(
    "sizes", [(128, 128), (129, 30), (30, 129), (255, 20), (256, 20), (20, 256), (400, 9), (9, 401)]
)
def test_long_sides_in_images_that_are_not_much_smaller(sizes, dtype):
    """Where tiles, and the counts of histograms, become wider, and where they end."""
    check(noise((50, 83), dtype), sizes, mode="mirror")


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize(("shape", "sizes"), [((1, 1800), (256, 26)), ((1800, 1), (26, 256))])
def test_windows_as_long_as_a_narrow_tile(shape, sizes, dtype):
    check(noise(shape, dtype), sizes)


@pytest.mark.parametrize("sizes", [(25, 24), (41, 26), (3, 300)])
def test_bytes_whose_answers_jump_between_histograms(sizes):
    """Flat blocks of any level, so that neighbouring answers have other upper halves, and come back to one left long ago."""
    for seed, block in enumerate((3, 11, 30)):
        image = np.kron(noise((5, 60 // block + 1), seed=seed), np.ones((6, block), "u1"))
        image[:, ::7] ^= 0x30
        for share in (0.1, 0.5, 0.97):
            check(image, sizes, rank=int(sizes[0] * sizes[1] * share))


def test_the_longest_sides_of_histograms():
    for sizes in ((2, 4096), (2, 4097), (4096, 2), (4097, 2)):
        check(noise((40, 52)), sizes)


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8"])
@pytest.mark.parametrize(("shape", "sizes"), [((140, 150), (25, 24)), ((60, 270), (48, 26)), ((9, 300), (49, 30)),
                                              ((150, 30), (128, 40)), ((12, 190), (130, 30)), ((2, 181), (150, 255))])  # fmt: skip
def test_tiles_of_bins(shape, sizes, dtype):
    """Tiles of two words and of four to a bin, side by side; equal elements fill many bins."""
    count = sizes[0] * sizes[1]
    check(noise(shape, dtype), sizes, workers=2)
    check(noise(shape, dtype), sizes, rank=count // 50, mode="wrap")
    values = noise(shape, dtype) % 5 if np.dtype(dtype).kind != "f" else specials(shape, np.dtype(dtype))
    check(values, sizes, mode="mirror")
    smooth = np.add.outer(np.arange(shape[0]), 3 * np.arange(shape[1])).astype(dtype)
    check(smooth, sizes, rank=count - 3, mode="constant", cval=7)


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8"])
@pytest.mark.parametrize(("shape", "sizes"), [((90, 60), (49, 47)), ((9, 190), (41, 131))])
def test_answers_where_few_elements_say_they_are(shape, sizes, dtype):
    """Between which keys answers lie is guessed from some elements, which know nothing of these rows, columns and points."""
    generator = np.random.default_rng(3)
    plain = generator.integers(10000, 30000, shape).astype(dtype)
    count = sizes[0] * sizes[1]
    lines, points, far = plain.copy(), plain.copy(), plain.copy()
    lines[generator.permutation(shape[0])[: shape[0] // 2]] = 7
    lines[:, generator.permutation(shape[1])[: shape[1] // 3]] = 60000
    points[generator.random(shape) < 0.002] = 3
    points[generator.random(shape) < 0.002] = 50000
    far[: shape[0] // 9, : shape[1] // 9] = generator.integers(0, 100, far[: shape[0] // 9, : shape[1] // 9].shape)
    for image in (lines, points, far):
        for rank in (2, count // 3, count - 3):
            check(image, sizes, rank=rank, mode="mirror")


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "i8", "f8"])
@pytest.mark.parametrize("sizes", [(43, 41), (1, 101), (2, 131)])
def test_elements_whose_leading_digits_are_the_same(sizes, dtype):
    """Sorting looks at the leading bits that differ; an outlier or two make these those of all others, or of all but some."""
    generator = np.random.default_rng(7)
    for spread in (3, 40, 3000):
        image = generator.integers(0, spread, (40, 61)).astype(dtype)
        if image.dtype.kind == "f":
            image = (1 + image * np.finfo(dtype).eps).astype(dtype)
        image[::9, ::7] += generator.integers(0, 2**14, image[::9, ::7].shape).astype(dtype)
        image[20, 30] = np.finfo(dtype).max if image.dtype.kind == "f" else np.iinfo(dtype).max
        image[30, 20] = np.finfo(dtype).min if image.dtype.kind == "f" else np.iinfo(dtype).min
        check(image, sizes)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("columns", [255, 256, 257, 513])
def test_several_tiles_with_long_sides(columns, dtype):
    check(noise((20, columns), dtype), (140, 5), workers=2)


@pytest.mark.parametrize("dtype", ["i1", "i2", "u4", "i8", "f2", ">f4", "f8"])
@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (9, 9), (1, 7)])
def test_elements_that_sort_like_keys_until_one_does_not(sizes, dtype):
    """Small windows are selected from elements as they are, until one is negative or NaN."""
    image = np.random.default_rng(5).integers(0, 100, (40, 75)).astype(dtype)
    check(image, sizes)
    odd = [np.iinfo(dtype).max if image.dtype == "u4" else -1]
    if image.dtype.kind == "f":
        odd += [np.nan, -0.0, np.inf, -np.inf]
    for value, place in itertools.product(odd, [(0, 0), (22, 40), (39, 74)]):
        other = image.copy()
        other[place] = value
        check(other, sizes, workers=2)
    check(image, sizes, mode="constant", cval=odd[-1])


@pytest.mark.parametrize("dtype", [*WIDTHS, "i2"])
@pytest.mark.parametrize("mode", MODES)
def test_three_of_few_columns(mode, dtype):
    """Arrays of up to some vectors are copied, of others the columns at the sides."""
    for columns, origin in itertools.product(
        [1, 2, 3, 5, 11, 12, 13, 16, 34, 47, 49, 66, 95, 96, 97, 98, 130], (-1, 0, 1)
    ):
        image = noise((7, columns), dtype)
        check(image if origin else np.abs(image), (3, 3), mode=mode, origins=(origin, origin))


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("shape", [(66, 4200), (300, 4097), (9, 66000)])
def test_rows_that_lie_far_apart(shape, dtype):
    """Rows of more than a page go through scratch memory, and those of large arrays are asked for early."""
    image = np.abs(noise(shape, dtype))
    got = filtered(image, (5, 5), workers=2)
    assert_same_bits(got[:, :900], expected(image[:, :902], (5, 5))[:, :900])
    assert_same_bits(got[:, -900:], expected(image[:, -902:], (5, 5))[:, 2:])


@pytest.mark.parametrize("dtype", ["i1", "f2", "f4", "i8", "f8"])
def test_elements_beyond_the_sides_that_do_not_sort_like_keys(dtype):
    """A row is looked at in parts; those at its ends reach what lies at the other end, or the constant."""
    image = np.random.default_rng(5).integers(0, 100, (9, 5000)).astype(dtype)
    for column in (0, -1):
        other = image.copy()
        other[4, column] = -1
        check(other, (3, 3), mode="wrap")
    check(image, (3, 3), mode="constant", cval=-1)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f4", ">f4", "u8", "f8"])
@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (8, 8), (5, 1)])
def test_arrays_that_are_too_large_for_the_caches(sizes, dtype):
    """They are written past the caches, a line of memory at a time; their parts are not."""
    size = np.dtype(dtype).itemsize
    for sign, odd, skew in [(np.abs, 0, 0), (np.abs, 5, 63), (np.negative, 0, 8), (np.negative, 5, 24)]:
        image = sign(noise((1028, 4096 // size + odd), dtype)).astype(dtype)
        memory = np.empty(image.nbytes + 128, np.uint8)
        begin = (skew - memory.ctypes.data) % 64
        output = memory[begin : begin + image.nbytes].view(dtype).reshape(image.shape)
        filtered(image, sizes, output=output, workers=2)
        half = image.shape[1] // 2
        assert_same_bits(output[:, :half].copy(), filtered(image[:, : half + 8], sizes)[:, :half].copy())
        assert_same_bits(output[:, half:].copy(), filtered(image[:, half - 8 :], sizes)[:, 8:].copy())


@pytest.mark.parametrize("dtype", ["i4", "u4", ">u4", "i8", "u8", ">i8"])
@pytest.mark.parametrize("sizes", [(5, 5), (1, 15), (4, 3)])
def test_integers_that_are_close_to_each_other(sizes, dtype):
    """They are filtered as narrower ones, up to these spans, wherever in the range of the type they lie."""
    limits = np.iinfo(dtype)
    for span in (0, 2**8 - 1, 2**8, 2**16 - 1, 2**16, 2**32 - 1, 2**32):
        span = min(span, int(limits.max) - int(limits.min))
        image = np.random.default_rng(span).integers(0, span, (23, 31), np.uint64, endpoint=True)
        image[3, 4], image[20, 20] = 0, span
        for low in (int(limits.min), max(-span // 2, int(limits.min)), int(limits.max) - span):
            near = np.array([[low + int(x) for x in row] for row in image], dtype)
            check(near, sizes)
            check(near, sizes, mode="constant", cval=low)
            check(near, sizes, mode="constant", cval=int(limits.max))


@pytest.mark.parametrize("sizes", [(5, 5), (1, 15), (4, 3)])
def test_doubles_that_are_floats(sizes):
    """They are filtered as floats, until one is not."""
    image = noise((23, 31), "f4")
    image[np.isnan(image)] = 0
    image = image.astype("f8")
    image[::3, ::2] = np.random.default_rng(1).choice([0.0, -0.0, np.inf, -np.inf, 1e-45, 1.0], image[::3, ::2].shape)
    for odd in (0.0, np.nan, -np.nan, 0.1, 1e300, -5e-324):
        other = image.copy()
        other[20, 20] = odd
        check(other, sizes)
        check(image.astype(">f8"), sizes, mode="constant", cval=odd)


@pytest.mark.parametrize("dtype", ["i4", "u8", "f8"])
@pytest.mark.parametrize(("shape", "sizes"), [((300, 600), (5, 5)), ((300, 600), (3, 3)), ((3, 20000), (1, 15)), ((20000,), (12,)),
                                              ((5, 150, 270), (3, 3, 3)), ((140, 3, 260), (5, 1, 4))])  # fmt: skip
def test_blocks_of_which_some_are_narrow(shape, sizes, dtype):
    """Each block is filtered as what its elements allow."""
    image = np.random.default_rng(2).integers(0, 200, shape).astype(dtype)
    flat = image.reshape(-1)
    flat[flat.size // 3] = 2**30
    flat[flat.size // 2] = 60000
    flat[-1] = 1e9 + 1 if dtype != "u8" else 2**60
    if dtype == "f8":
        flat[flat.size // 5] = 0.1
    check(image, sizes, workers=2)
    check(image.T.copy().T, sizes, workers=2)


@pytest.mark.parametrize("dtype", ["f4", "i8", "f8", ">f8"])
@pytest.mark.parametrize(("shape", "sizes"), [((140, 300), (15, 15)), ((131, 60), (21, 21)), ((70, 261), (12, 11)),
                                              ((9, 20, 40), (5, 5, 5)), ((20, 9, 7), (3, 6, 7)), ((300, 4), (40, 3)), ((9000,), (60,))])  # fmt: skip
def test_elements_that_are_numbered(shape, sizes, dtype):
    """Where wide elements are compared slowly, a block's are numbered in their order: also equal ones, NaNs and zeros."""
    check(noise(shape, dtype), sizes, workers=2)
    values = noise(shape, dtype) % 9 - 4 if np.dtype(dtype).kind == "i" else specials(shape, np.dtype(dtype))
    check(values, sizes, mode="constant", cval=-1)
    check(values.T, sizes[::-1], mode="wrap", workers=2)


@pytest.mark.parametrize("dtype", ["u4", "f8"])
@pytest.mark.parametrize("radius", [4, 6, 7])
def test_footprints_of_numbered_elements(radius, dtype):
    ball = np.sum(np.square(np.indices((7, 7, 7)) - 3), 0) <= 8
    check(noise((60, 70), dtype), disk(radius).shape, footprint=disk(radius), mode="mirror")
    check(noise((60, 70), dtype), disk(radius).shape, footprint=disk(radius), rank=radius**2)
    check(noise((9, 17, 26), dtype), ball.shape, footprint=ball, workers=2)


def test_large_arrays_of_numbered_elements():
    """Their outputs are written past the caches."""
    for shape, sizes in (((1030, 520), (15, 15)), ((540_000,), (60,))):
        image = noise(shape, "f8")
        got = filtered(image, sizes, workers=2)
        assert_same_bits(got[-40:], expected(image[-80:], sizes)[-40:])


def test_programs_of_narrow_elements():
    disk = np.add.outer(np.arange(-2, 3) ** 2, np.arange(-2, 3) ** 2) <= 4
    for dtype in ("i4", "u8", "f8"):
        image = np.random.default_rng(2).integers(0, 200, (90, 300)).astype(dtype)
        image[80, 290] = 2**30 + 1
        check(image, disk.shape, footprint=disk)
        check(image, (2, 9), rank=3)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("shape", "sizes"), [((3, 4, 5), (11, 13, 9)), ((70,), (1001,)), ((4, 1, 6), (1, 40, 31))])
def test_boxes_that_hold_the_array_several_times(shape, sizes, mode):
    for origins in (None, tuple(-(s // 2) for s in sizes), tuple(s - s // 2 - 1 for s in sizes)):
        for share in (0.01, 0.5, 0.9):
            rank = int(np.prod(sizes) * share)
            check(noise(shape, "f4"), sizes, mode=mode, cval=1e-3, origins=origins, rank=rank, workers=3)


def test_box_far_larger_than_the_image():
    """In a periodic border every element is held as often, so the median is that of the image."""
    image = noise((20, 30), "u4")
    for mode, size in (("reflect", 4 * 20 * 30 * 1000), ("wrap", 20 * 30 * 10**6)):
        got = filtered(image, (size, size), mode=mode, rank=size * size // 2)
        assert (got == np.sort(image.ravel())[300]).all()


@pytest.mark.parametrize(
    "sizes", [s for s in itertools.product([1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 31], repeat=2) if s[0] != s[1]]
)
def test_rectangles(sizes):
    check(noise((33, 31), "u2"), sizes)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
@pytest.mark.parametrize(
    "sizes", [(3, 11), (15, 3), (5, 11), (11, 7), (10, 10), (12, 12), (14, 14), (4, 6), (3, 7), (6, 11)]
)
def test_rectangles_of_several_panels(sizes, dtype):
    """Larger ones, of which some types and instruction sets have networks, and neighbours that have none."""
    check(noise((37, 601), dtype), sizes)
    check(noise((290, 23), dtype), sizes, mode="mirror")


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "u8", "f8"])
@pytest.mark.parametrize("size", [3, 5, 6, 7, 8, 9, 10, 16, 17, 18, 31, 33])
def test_lines_that_stand_and_lie(size, dtype):
    """Around strips and tiles, with rows outside, and elements that sort like their keys until one does not."""
    for shape in ((70, 33), (5, 600), (131, 9)):
        image = np.abs(noise(shape, dtype))
        for sizes in ((size, 1), (1, size)):
            for mode in ("constant", "mirror"):
                check(image, sizes, mode=mode)
        if dtype not in ("u1", "u8"):
            image[3, 4] = -1
            check(image, (size, 1))
            check(image, (1, size))


@pytest.mark.parametrize("sizes", [(9, 1), (1, 9), (15, 1), (1, 31)])
def test_lines_of_streamed_arrays(sizes):
    """Outputs of 4 MiB and more are written past the caches."""
    image = np.random.default_rng(1).integers(0, 2**15, (1030, 2050), "u2")
    got = filtered(image, sizes)
    for rows in (slice(0, 90), slice(-90, None)):
        part = expected(image[rows, :200], sizes)
        assert_same_bits(got[rows, :100][20:50].copy(), part[20:50, :100].copy())
    for columns in (slice(0, 90), slice(-90, None)):
        part = expected(image[:90, columns], sizes)
        assert_same_bits(got[:60, columns][:, 20:50].copy(), part[:60, 20:50].copy())


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize(
    "size", [*range(1, 10), 15, 16, 31, 32, 33, 47, 48, 63, 64, 65, 96, 97, 101, 127, 128, 129, 200, 255, 1001]
)
def test_one_dimension(size, dtype):
    check(noise(2500, dtype), (size,))


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize(
    "sizes",
    [(3, 3, 3), (5, 5, 5), (1, 3, 3), (3, 1, 3), (3, 3, 1), (2, 3, 4), (1, 1, 9), (9, 1, 1), (6, 6, 5), (6, 6, 6)],
)
def test_three_dimensions(sizes, dtype):
    check(noise((11, 13, 12), dtype), sizes)


@pytest.mark.parametrize("dtype", ["i1", "i2", "f4", "i8", "f8"])
@pytest.mark.parametrize("shape", [(38, 7, 40), (17, 40, 7), (9, 140, 20), (5, 6, 33), (2, 2, 70)])
@pytest.mark.parametrize("side", [3, 5])
def test_planes_that_take_turns(side, shape, dtype):
    """Elements that do not sort like keys come in a plane after the first ones, and stay for some."""
    middle = side // 2
    ball = ((np.indices((side,) * 3) - middle) ** 2).sum(axis=0) <= middle**2
    volume = np.random.default_rng(5).integers(0, 100, shape).astype(dtype)
    check(volume, (side,) * 3, workers=2)
    for plane in {0, shape[0] // 2, shape[0] - 1}:
        other = volume.copy()
        other[plane, -1, -1] = -1
        check(other, (side,) * 3, mode="wrap")
        check(other, (side,) * 3, footprint=ball)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("shape", [(3, 70, 40), (70, 3, 40), (40, 70, 3), (65, 1, 2), (2, 130, 2)])
def test_lines_along_each_axis(shape, dtype):
    """Vectors run along the window's axis or along another, whichever is long and lies close."""
    image = noise(shape, dtype)
    for axis, size in itertools.product(range(3), (5, 12, 33)):
        sizes = tuple(size if d == axis else 1 for d in range(3))
        for share in (0.2, 0.5):
            check(image, sizes, rank=int(size * share), mode="mirror", workers=2)
            check(image.transpose(2, 0, 1), sizes, rank=int(size * share))


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("size", [11, 25, 31, 101])
def test_signals_that_end_around_a_tile(size, dtype):
    for columns in (1, 2, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 255, 257, 1023, 1025):
        check(noise(columns, dtype), (size,), origins=(size // 2 - size + 1,))


def test_many_dimensions():
    check(noise((3, 4, 2, 5, 3)), (2, 1, 3, 2, 2))
    image = noise((15, 16))
    most = filtered(image.reshape((1,) * 62 + image.shape), (1,) * 62 + (4, 3))
    assert_same_bits(most.reshape(image.shape), expected(image, (4, 3)))


@pytest.mark.parametrize("sizes", ENGINE_SIZES)
def test_every_rank(sizes):
    image = noise((21, 27), "u2")
    count = sizes[0] * sizes[1]
    for rank in {*range(0, count, max(1, count // 9)), 1 % count, count - 2, count - 1}:
        check(image, sizes, rank=rank)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("sizes", [(1, 2), (2, 1), (3, 3), (4, 7), (16, 17), (33, 1), (1, 64), (50, 50)])
@pytest.mark.parametrize("extreme", [0, -1])
def test_extremes(sizes, extreme, dtype):
    check(noise((70, 67), dtype), sizes, rank=extreme % (sizes[0] * sizes[1]))


@pytest.mark.parametrize("sizes", [(100, 100), (100, 101), (101, 101), (1, 10001)])
def test_extremes_of_large_windows(sizes):
    for rank in (0, sizes[0] * sizes[1] - 1):
        check(noise((5, 7)), sizes, rank=rank)


def test_extremes_in_three_dimensions():
    for rank, sizes in itertools.product((0, -1), [(3, 3, 3), (1, 4, 2), (7, 1, 9)]):
        check(noise((12, 13, 14), "f4"), sizes, rank=rank % int(np.prod(sizes)), mode="wrap")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1,), (4,), (70,)])
def test_extremes_of_windows_larger_than_the_array(shape, mode):
    for size, rank in itertools.product((2, 5, 9, 141, 142, 143, 1001), (0, -1)):
        for origin in (-(size // 2), 0, size - size // 2 - 1):
            check(noise(shape), (size,), rank=rank % size, mode=mode, origins=(origin,), cval=100)


@pytest.mark.parametrize("axis", [0, 1])
def test_extremes_of_very_long_windows(axis):
    """So long that only what windows have in common and their ends are kept."""
    signal, size = noise(17_000, "i8"), 66_001
    padded = np.pad(signal, size // 2, "symmetric")
    for rank, extreme in ((0, np.min), (size - 1, np.max)):
        wanted = [extreme(padded[i : i + size]) for i in range(0, signal.size, 7)]
        image, sizes = (signal[:, None], (size, 1)) if axis == 0 else (signal[None], (1, size))
        assert filtered(image, sizes, rank=rank).ravel()[::7].tolist() == wanted


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("dtype", ["u2", "f4", "i8"])
def test_extremes_of_several_very_long_windows(axis, dtype):
    """The same for rows of different elements, alone and together."""
    image = np.random.default_rng(4).integers(0, 50_000, (4, 20_000)).astype(dtype)
    for height, size in itertools.product((1, 3), (35_001, 70_001, 140_001)):
        wanted = ndimage.minimum_filter1d(ndimage.minimum_filter1d(image, size, 1), height, 0)
        sizes = (height, size)
        got = filtered(image.T, sizes[::-1], rank=0).T if axis == 0 else filtered(image, sizes, rank=0)
        assert_same_bits(got, wanted)


@pytest.mark.parametrize("layout", ["Fortran", "reversed", "channel", "unaligned"])
def test_layouts_of_extremes(layout):
    """All passes but the first work in the output's memory."""
    image = noise((70, 40), "f4")
    for rank in (0, 34):
        output = embedded(np.zeros_like(image), layout).view(">f4")
        filtered(image, (5, 7), rank=rank, output=output, mode="wrap")
        assert_same_bits(output.astype("f4"), expected(image, (5, 7), rank=rank, mode="wrap"))


def axis_by_axis(image, sizes, function, mode="symmetric"):
    """The minimum or maximum of boxes."""
    padded = np.pad(image, [(s // 2, s - 1 - s // 2) for s in sizes], mode) if mode else image
    for axis, size in enumerate(sizes):
        padded = function(np.lib.stride_tricks.sliding_window_view(padded, size, axis), -1)
    return padded


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((3, 4500), (1, 2)),
        ((3, 4500), (2, 3)),
        ((2, 9000), (2, 3001)),
        ((2100, 33), (1001, 2)),
        ((70, 9000), (65, 70)),  # strips in several pieces
        ((420, 1000), (401, 301)),  # one axis after the other
    ],
)
def test_extremes_in_pieces(shape, sizes):
    for dtype, mode in (("u1", "reflect"), ("i8", "wrap")):
        image = noise(shape, dtype)
        for rank, function in ((0, np.min), (sizes[0] * sizes[1] - 1, np.max)):
            wanted = axis_by_axis(image, sizes, function, MODES[mode])
            assert_same_bits(filtered(image, sizes, rank=rank, mode=mode, workers=2), wanted)
            assert_same_bits(filtered(image, sizes, rank=rank, mode=mode), wanted)


@pytest.mark.parametrize("size", [*range(2, 10), *range(13, 20), 31, 32, 33, 47, 48, 49, 63, 64, 65, 66, 128, 129])
def test_extremes_of_each_width_and_height(size):
    """Widths that are powers of four, or a little more, and heights around a multiple of rows made together."""
    image = noise((80, 77), "u2")
    for sizes in ((1, size), (size, 1), (size, 3), (2, size)):
        check(image, sizes, rank=sizes[0] * sizes[1] - 1, mode="mirror", workers=2)
        check(image, sizes, rank=0, mode="wrap")


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("columns", [1, 2, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65])
def test_extremes_around_vectors(columns, dtype):
    """Rows about as long as one vector or two, of outputs that begin anywhere in a vector."""
    image = noise((11, columns), dtype)
    for before, sizes in itertools.product((0, 1, 7), ((3, 3), (1, 4), (2, 1), (13, 2), (14, 9))):
        room = np.zeros((11, columns + 8), dtype)
        output = room[:, before : before + columns]
        filtered(image, sizes, rank=0, output=output)
        assert_same_bits(output, expected(image, sizes, rank=0))
        output[:] = 0
        assert not room.any(), "what lies beside the output is left alone"


@pytest.mark.parametrize("height", [6, 7, 8, 12, 13])
def test_extremes_of_rows_a_page_apart(height):
    """Of these fewer are met directly."""
    for image in (noise((20, 512), "i8"), noise((18, 4096))):
        for sizes in ((height, 1), (height, 3)):
            check(image, sizes, rank=0)


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f4", "f8"])
@pytest.mark.parametrize("sizes", [(1, 3), (3, 1), (3, 3), (9, 6), (40, 20)])
def test_extremes_of_floats_until_one_is_negative(sizes, dtype):
    """Floats are compared as they are until one is negative or NaN."""
    image = np.random.default_rng(5).integers(0, 100, (35, 42)).astype(dtype)
    last = sizes[0] * sizes[1] - 1
    for value, place in itertools.product([-1, np.nan, -0.0, -np.inf], [None, (0, 0), (17, 20), (34, 41)]):
        other = image.copy()
        if place:
            other[place] = value
        for rank, mode in ((0, "constant"), (last, "constant"), (0, "nearest"), (last, "reflect")):
            check(other, sizes, rank=rank, mode=mode, cval=7 if place else value)


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(30, 40), (5, 30, 40), (30, 5, 40), (40, 30, 5), (300,), (7, 3000)])
def test_extremes_of_windows_that_stay_inside(shape, dtype):
    """Along two axes in one pass, whichever they are; along three in several."""
    generator = np.random.default_rng(3)
    image = generator.integers(-50, 50, shape).astype(dtype)
    for most in (3, 9, 4000):
        sizes = tuple(int(generator.integers(1, min(n, most) + 1)) for n in shape)
        for kept in itertools.product([False, True], repeat=len(shape)):
            window = tuple(size if keep else 1 for size, keep in zip(sizes, kept, strict=True))
            for rank, function in ((0, np.min), (int(np.prod(window)) - 1, np.max)):
                wanted = axis_by_axis(image, window, function, None)
                output = np.zeros(wanted.shape, dtype, order="F" if most == 9 else "C")
                call(image, output, window, (0,) * len(shape), rank=rank, modes=len(MODES) + 1,
                     cval=bytes(image.itemsize), workers=2)  # fmt: skip
                assert_same_bits(output, wanted)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("shape", [(30, 40, 20), (5, 90, 40), (40, 6, 70), (4, 12, 5, 30)])
def test_extremes_of_windows_that_stay_inside_along_some_axes(shape, dtype):
    """The other axes may be filtered in place."""
    generator = np.random.default_rng(3)
    image = generator.integers(-50, 50, shape).astype(dtype)
    valid, names = len(MODES) + 1, list(MODES)
    for modes in itertools.product([valid, names.index("reflect"), names.index("wrap")], repeat=len(shape)):
        sizes = tuple(int(generator.integers(1, n + 1)) for n in shape)
        for rank, function in ((0, np.min), (int(np.prod(sizes)) - 1, np.max)):
            wanted = image
            for axis, (mode, size) in enumerate(zip(modes, sizes, strict=True)):
                window = tuple(size if d == axis else 1 for d in range(len(shape)))
                wanted = axis_by_axis(wanted, window, function, None if mode == valid else MODES[names[mode]])
            output = np.zeros(wanted.shape, dtype)
            call(image, output, sizes, (0,) * len(shape), rank=rank, modes=modes, cval=bytes(image.itemsize))
            assert_same_bits(output, wanted)


def disk(radius):
    row, column = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return row**2 + column**2 <= radius**2


def compiled_footprints():
    """All that have compiled networks, and those that differ from them by one element."""
    steps = {side: np.abs(np.indices(shape) - side // 2).sum(axis=0)
             for side, shape in [(3, (3, 3, 3)), (5, (5, 5)), (7, (7, 7))]}  # fmt: skip
    ball = ((np.indices((5, 5, 5)) - 2) ** 2).sum(axis=0) <= 4
    shapes = [disk(1), disk(2), disk(3), steps[5] < 4, steps[7] <= 3, steps[3] <= 1, steps[3] <= 2, ball]
    for side in (5, 7):
        cross = np.zeros((side, side), bool)
        cross[side // 2] = cross[:, side // 2] = True
        shapes.append(cross)
    for shape in shapes:
        for more in (0, 1):
            footprint = shape.copy()
            footprint.flat[0] ^= more
            yield footprint


@pytest.mark.parametrize("dtype", [*WIDTHS, "i2"])
@pytest.mark.parametrize(
    "footprint", list(compiled_footprints()), ids=lambda footprint: f"{footprint.ndim}-{footprint.sum()}"
)
def test_compiled_footprints(footprint, dtype):
    image = noise((31, 67) if footprint.ndim == 2 else (7, 9, 35), dtype)
    count = int(footprint.sum())
    for rank in (count // 2, count // 4):
        check(image, footprint.shape, footprint=footprint, rank=rank, workers=2, mode="mirror")
    small = (image.view(f"u{image.itemsize}") % 100).astype(dtype)
    check(small, footprint.shape, footprint=footprint)
    across = np.moveaxis(footprint[np.newaxis], 0, -1)  # along other axes of the array
    check(np.moveaxis(image[np.newaxis], 0, -1), across.shape, footprint=across)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("radius", [1, 2, 3, 5, 8, 10])
def test_disks(radius, dtype):
    footprint = disk(radius)
    check(noise((40, 47), dtype), footprint.shape, footprint=footprint)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (3, 3), (4, 6), (9, 9), (20, 3)])
def test_footprints_with_holes(shape):
    generator = np.random.default_rng(5)
    for filled in (0.2, 0.5, 0.9):
        footprint = generator.random(shape) < filled
        footprint[generator.integers(shape[0]), generator.integers(shape[1])] = True
        count = int(footprint.sum())
        for rank in {0, count // 2, count - 1}:
            check(noise((25, 26), "f4"), shape, footprint=footprint, rank=rank)


def test_more_footprints_than_are_remembered():
    """Each twice, in turns, and from several threads."""
    image = noise((21, 34), "u2")
    generator = np.random.default_rng(8)
    footprints = [generator.random((4, 5)) < 0.6 for _ in range(40)]
    wanted = [expected(image, (4, 5), footprint=footprint) for footprint in footprints]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            got = threads.map(lambda footprint: filtered(image, (4, 5), footprint=footprint), footprints)
            for one, right in zip(got, wanted, strict=True):
                assert_same_bits(one, right)


def test_footprints_that_differ_in_shape_only():
    """The same elements of boxes that begin elsewhere, and a full one, which is a box."""
    image = noise((30, 29), "f4")
    for rows, columns in ((5, 7), (7, 5), (9, 9)):
        footprint = np.zeros((rows, columns), bool)
        footprint[1:4, 2:5] = True
        footprint[2, 3] = False
        check(image, footprint.shape, footprint=footprint)
        check(image, (rows, columns), footprint=np.ones((rows, columns), bool))


def test_footprint_of_one_element():
    """A shift of the image."""
    footprint = np.zeros((5, 7), bool)
    footprint[0, 6] = True
    for mode in MODES:
        check(noise((12, 9)), (5, 7), footprint=footprint, mode=mode)


def test_footprint_in_three_dimensions():
    footprint = np.random.default_rng(3).random((3, 4, 5)) < 0.4
    check(noise((9, 8, 10), "i2"), footprint.shape, footprint=footprint)


# ---- Elements ----


@pytest.mark.parametrize("swapped", [False, True], ids=["native", "swapped"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("sizes", ENGINE_SIZES)
def test_types(sizes, dtype, swapped):
    check(noise((23, 29), dtype, swapped=swapped), sizes)


@pytest.mark.parametrize("swapped", [False, True], ids=["native", "swapped"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("sizes", ENGINE_SIZES)
def test_special_floats(sizes, dtype, swapped):
    image = specials((23, 29), dtype)
    image = image.astype(image.dtype.newbyteorder()) if swapped else image
    for rank in (0, sizes[0] * sizes[1] // 2, sizes[0] * sizes[1] - 1):
        check(image, sizes, rank=rank, mode="constant", cval=-0.0)


@pytest.mark.parametrize("swapped", [False, True], ids=["native", "swapped"])
@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (1, 5), (7, 1), (5, 11), (1, 25)])
def test_doubles_with_few_strange_ones(sizes, swapped):
    """Blocks are compared as doubles but for those with a NaN, a denormal or a negative zero, wherever it stands."""
    image = np.random.default_rng(4).integers(-2, 3, (150, 140)) * 1.5
    dtype = ">f8" if swapped else "f8"
    check(image.astype(dtype), sizes)
    for strange in (-0.0, 5e-324, -5e-324, 2.2250738585072014e-308, np.nan, -np.nan, np.inf, -np.inf):
        for place in ((0, 0), (149, 139), (0, 70), (75, 0), (75, 70)):
            holes = image.copy()
            holes[place] = strange
            check(holes.astype(dtype), sizes, mode="wrap")
        check(image.astype(dtype), sizes, mode="constant", cval=strange)


@pytest.mark.parametrize("dtype", ["i8", ">i8", "u8", "f8", ">f8"])
@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (9, 8), (1, 4), (1, 9), (12, 1)])
def test_elements_of_64_bits_at_the_ends_of_their_range(sizes, dtype):
    """Counted from the middle of a block they become doubles; the few that are too far from it share infinities."""
    generator = np.random.default_rng(6)
    low, high, fewer = -(1 << 63), 1 << 63, 1 << 53  # the normal doubles of one sign are so many fewer than 2**63
    near = [at + step for at in (low, low + fewer, 0, high - fewer, high) for step in range(-3, 4)]
    edges = np.array([key for key in near if low <= key < high])
    keys = generator.integers(low, high, (70, 270))
    for share, values in [
        (0.01, edges),
        (0.5, edges),
        (1, edges),
        (0.6, edges[:8]),
        (0.6, edges[-8:]),
        (0.3, edges[:1]),
    ]:
        some = np.where(generator.random(keys.shape) < share, generator.choice(values, keys.shape), keys)
        check(_with_keys(some, dtype), sizes)
    for below, above in itertools.product((-1, 0, 1), repeat=2):  # around the widest range in which none is infinite
        keys = generator.integers(low + fewer, high - fewer, (30, 40))
        keys[5:20, 3:16], keys[5:20, 20:33] = low + fewer + below, high - fewer + above
        check(_with_keys(keys, dtype), sizes, mode="wrap")


def _with_keys(keys, dtype):
    """Elements that sort like these integers, but for NaNs."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        keys = keys ^ ((keys >> 63) & np.iinfo("i8").max)
    elif dtype.kind == "u":
        keys = keys ^ np.iinfo("i8").min
    return keys.view(dtype.newbyteorder("=")).astype(dtype)


@pytest.mark.parametrize("sizes", ENGINE_SIZES)
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f4"])
def test_few_different_values(sizes, dtype):
    """Equal keys in every window, and images of one value."""
    image = np.random.default_rng(1).integers(0, 3, (30, 31)).astype(dtype)
    check(image, sizes)
    check(np.full((30, 31), 7, dtype), sizes)


@pytest.mark.parametrize("sizes", [(43, 41), (2, 131), (1, 201), (140, 5)])
@pytest.mark.parametrize("dtype", ["u4", "i8", "f8"])
def test_values_that_crowd_together(sizes, dtype):
    """Sorting looks at the leading bits first, which one value far away takes from all others."""
    generator = np.random.default_rng(2)
    for values in (
        generator.integers(0, 50, (60, 70)),
        generator.integers(0, 2**20, (60, 70)),
        generator.random((60, 70)) ** 9,
    ):
        image = values.astype(dtype)
        image[30, 30] = 2**31 if dtype == "u4" else -(2**62)
        image[5, 5] = 2**30 + 1
        check(image, sizes)


@pytest.mark.parametrize("sizes", ENGINE_SIZES)
def test_slopes_and_steps(sizes):
    """Windows that hold sorted elements, and edges across them."""
    row, column = np.mgrid[:50, :60]
    for image in (row, column, row + column, 100 - row * column, (row > 20) * 50, (row + column) % 7):
        check(image.astype("u2"), sizes)


# ---- Borders ----


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", [*ENGINE_SIZES, (15, 15), (2, 31)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 7), (3, 2), (6, 5), (14, 16)])
def test_windows_larger_than_the_image(shape, sizes, mode):
    check(noise(shape, "u2"), sizes, mode=mode, cval=777)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sizes", [(3, 3), (4, 3), (5, 5), (19, 19)])
@pytest.mark.parametrize("shape", [(1, 1000), (1000, 1)])
def test_lines(shape, sizes, mode):
    check(noise(shape, "u1"), sizes, mode=mode, cval=77)


@pytest.mark.parametrize("sizes", [(3, 3), (4, 2), (19, 21), (1, 5)])
@pytest.mark.parametrize("mode", MODES)
def test_origins(mode, sizes):
    """From the first to the last that a window allows."""
    allowed = [range(-(size // 2), size - size // 2) for size in sizes]
    for origins in {tuple(r[i] for r in allowed) for i in (0, -1)} | {(allowed[0][0], allowed[1][-1])}:
        check(noise((22, 25), "f4"), sizes, mode=mode, origins=origins, cval=0.25)


@pytest.mark.parametrize("sizes", [(3, 3), (4, 3), (19, 19)])
@pytest.mark.parametrize("modes", list(itertools.permutations(MODES, 2)))
def test_a_mode_for_each_axis(modes, sizes):
    check(noise((21, 22), "i4"), sizes, mode=modes, cval=-5)


def test_modes_are_as_many_as_tested():
    known = len(MODES) + 2  # "truncate" and "valid", which test_filter_missing.py tests
    with pytest.raises(ValueError, match=f"from 0 to {known - 1}"):
        call(modes=known)


@pytest.mark.parametrize("sizes", ENGINE_SIZES)
@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_empty(shape, sizes):
    assert filtered(np.empty(shape), sizes).shape == shape


# ---- Blocks ----


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("size", [3, 4, 5, 7, 9, 11])
@pytest.mark.parametrize("tile", [1, 2, 4])
def test_widths_around_a_row_of_tiles(tile, size, dtype):
    """Rows of so many bytes per column of the tile."""
    for groups, more in itertools.product((128, 256, 1024), (-1, 0, 1)):
        columns = groups * tile // np.dtype(dtype).itemsize + more
        check(noise((3, columns), dtype, seed=columns), (size, size), mode="wrap")


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("columns", [16383, 16384, 16385, 16390])
def test_widths_around_a_part(columns, size):
    check(noise((3, columns)), (size, size), mode="mirror", workers=2)


@pytest.mark.parametrize("size", [15, 21])
@pytest.mark.parametrize("columns", [127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025])
def test_widths_around_a_row_of_tiles_in_large_windows(columns, size):
    check(noise((2, columns), "u2"), (size, size))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 9, 15, 29])
@pytest.mark.parametrize("rows", [63, 64, 65, 66, 127, 128, 129])
def test_heights_around_a_strip(rows, size):
    check(noise((rows, 7)), (size, size))


@pytest.mark.parametrize("sizes", [(2, 2), (4, 3), (6, 6), (13, 13), (1, 40), (40, 1), (35, 35)])
@pytest.mark.parametrize("shape", [(200, 210), (257, 90), (90, 257)])
def test_images_of_several_blocks(shape, sizes):
    check(noise(shape, "u2"), sizes, mode="mirror")


@pytest.mark.parametrize("sizes", [(10, 9), (20, 20), (128, 127)])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_images_around_a_tile(more, sizes):
    """Tiles of 256x256 elements, border included: one that is full, and two."""
    for axis in (0, 1):
        shape = [12, 12]
        shape[axis] = 257 - sizes[axis] + more
        check(noise(shape, "u2"), sizes)


@pytest.mark.parametrize("dtype", WIDTHS)
def test_full_tile(dtype):
    check(noise((247, 248), dtype), (10, 9))


def test_long_signals_of_several_blocks():
    for size in (2, 5, 31, 101, 1001):
        check(noise(20_011, "f4"), (size,), mode="wrap")


# ---- Layouts ----


def embedded(image, layout):
    """A copy of the image in a memory layout: a view into an array that holds more."""
    if layout == "Fortran":
        return np.asfortranarray(image)
    if layout == "reversed":
        return np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    if layout == "padded rows":
        wide = np.zeros((image.shape[0], image.shape[1] + 5), image.dtype)
        wide[:, 2:-3] = image
        return wide[:, 2:-3]
    if layout == "every third":
        wide = np.zeros((2 * image.shape[0], 3 * image.shape[1]), image.dtype)
        wide[::2, ::3] = image
        return wide[::2, ::3]
    if layout == "channel":
        colours = np.zeros((*image.shape, 3), image.dtype)
        colours[..., 1] = image
        return colours[..., 1]
    if layout == "unaligned":
        raw = np.zeros(image.nbytes + 1, np.uint8)
        view = raw[1:].view(image.dtype).reshape(image.shape)
        view[...] = image
        return view
    raise ValueError(layout)


LAYOUTS = ["Fortran", "reversed", "padded rows", "every third", "channel", "unaligned"]


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize("sizes", ENGINE_SIZES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, sizes, dtype):
    image = noise((26, 31), dtype)
    wanted = expected(image, sizes)
    assert_same_bits(filtered(embedded(image, layout), sizes), wanted)
    output = embedded(np.zeros_like(image), layout)
    around = None if output.base is None else output.base.copy()
    filtered(image, sizes, output=output)
    assert_same_bits(output, wanted)
    if around is not None:  # nothing but the output was written
        output[...] = 0
        assert around.tobytes() == output.base.tobytes()


@pytest.mark.parametrize("sizes", ENGINE_SIZES)
def test_mixed_byte_orders(sizes):
    image = noise((20, 21), "f4")
    wanted = expected(image, sizes)
    big = filtered(image, sizes, output=np.empty(image.shape, ">f4"))
    assert_same_bits(big.astype("f4"), wanted)
    assert_same_bits(filtered(image.astype(">f4"), sizes, output=np.empty_like(image)), wanted)


def test_broadcast_input():
    image = np.broadcast_to(noise(30, "u2"), (12, 30))
    check(image, (3, 3))
    check(image, (6, 4))


class PyBuffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p), ("obj", ctypes.py_object), ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p),
    ]  # fmt: skip


class Indirect:
    """A view of an image through a table of pointers to its rows, last row first, as the buffer protocol's
    suboffsets allow: each pointer lies `offset` bytes before its row."""

    OFFSET = 8

    def __init__(self, image):
        self.image = image  # keeps the rows alive
        rows, columns = image.shape
        row_bytes = image.strides[0]
        addresses = image.ctypes.data + row_bytes * np.arange(rows) - self.OFFSET
        self.pointers = addresses.astype(np.uintp)[::-1].copy()
        pair = ctypes.c_ssize_t * 2
        steps = pair(self.pointers.itemsize, image.itemsize)
        self.parts = (pair(rows, columns), steps, pair(self.OFFSET, -1))
        shape, strides, suboffsets = (ctypes.addressof(part) for part in self.parts)
        self.buffer = PyBuffer(
            self.pointers.ctypes.data, None, image.nbytes, image.itemsize, 0, 2,
            image.dtype.char.encode(), shape, strides, suboffsets, None,
        )  # fmt: skip
        view = ctypes.pythonapi.PyMemoryView_FromBuffer
        view.restype = ctypes.py_object
        view.argtypes = [ctypes.POINTER(PyBuffer)]
        self.view = view(self.buffer)


@pytest.mark.parametrize("dtype", ["B", "H", "f", "d"])
@pytest.mark.parametrize("sizes", ENGINE_SIZES)
def test_suboffsets(sizes, dtype):
    """Input and output through pointers to rows."""
    image = noise((24, 27), dtype)
    source, target = Indirect(image), Indirect(np.zeros_like(image))
    call(source.view, target.view, sizes, rank=sizes[0] * sizes[1] // 2, cval=bytes(image.itemsize))
    assert_same_bits(target.image[::-1], expected(image[::-1], sizes))


# ---- Threads ----


@pytest.mark.parametrize("sizes", ENGINE_SIZES)
@pytest.mark.parametrize("shape", [(300, 150), (1, 3000), (3000, 1), (2, 2)])
def test_workers_give_the_same_bits(shape, sizes):
    image = noise(shape, "f4")
    wanted = filtered(image, sizes)
    for workers in range(2, 6):
        assert_same_bits(filtered(image, sizes, workers=workers), wanted)
    assert_same_bits(filtered(image, sizes, workers=10**6), wanted)


def test_many_python_threads():
    """Calls with and without workers of their own, of all engines, at the same time."""
    images = [noise((150, 140), dtype, seed) for seed, dtype in enumerate(WIDTHS)]
    jobs = [
        (image, sizes, workers)
        for image, sizes, workers in itertools.product(images, ENGINE_SIZES, (1, 2, 3))
        if sizes != (43, 41)
    ]
    wanted = [filtered(image, sizes) for image, sizes, _ in jobs]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda job: filtered(job[0], job[1], workers=job[2]), jobs))
    for got, right in zip(results, wanted, strict=True):
        assert_same_bits(got, right)


# ---- Anything ----


@st.composite
def calls(draw):
    ndim = draw(st.integers(1, 3))
    shape = tuple(draw(st.integers(1, 40 if ndim < 3 else 12)) for _ in range(ndim))
    sizes = tuple(draw(st.integers(1, {1: 60, 2: 20, 3: 6}[ndim])) for _ in range(ndim))
    dtype = draw(st.sampled_from(TYPES))
    footprint = None
    if draw(st.booleans()):
        footprint = np.random.default_rng(draw(st.integers(0, 99))).random(sizes) < draw(st.floats(0, 1))
        footprint.flat[draw(st.integers(0, footprint.size - 1))] = True
    count = int(np.prod(sizes) if footprint is None else footprint.sum())
    image = noise(shape, dtype, draw(st.integers(0, 99)), draw(st.booleans()) and dtype[0] != "b")
    options = {
        "rank": draw(st.sampled_from([0, count // 2, count - 1]) | st.integers(0, count - 1)),
        "footprint": footprint,
        "mode": tuple(draw(st.sampled_from(sorted(MODES))) for _ in shape),
        "origins": tuple(draw(st.integers(-(size // 2), size - size // 2 - 1)) for size in sizes),
        "cval": draw(st.sampled_from([0, 1])),
        "workers": draw(st.integers(1, 3)),
    }
    return image, sizes, options


@given(calls())
def test_any_call(arguments):
    image, sizes, options = arguments
    check(image, sizes, **options)


# ---- Refusals ----

IMAGE = np.zeros((4, 5), np.uint8)


def call(
    image=IMAGE, output=None, sizes=(3, 3), origins=(0, 0), footprint=None, rank=4, modes=0, cval=b"\0", workers=1
):
    output = np.empty_like(IMAGE) if output is None else output
    _core.rank_filter(image, output, sizes, origins, footprint, rank, modes, cval, workers)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"image": 3}, TypeError, "input: expected an object with a buffer, such as an array, got int"),
        ({"image": IMAGE.astype(complex)}, TypeError, "input: expected elements .* got format 'Zd'"),
        ({"output": np.empty((4, 4), np.uint8)}, ValueError, "output"),
        ({"output": np.empty((4, 5), np.int8)}, ValueError, "output"),
        ({"sizes": (3,)}, ValueError, "sizes: expected a tuple of 2 integers"),
        ({"sizes": [3, 3]}, ValueError, "sizes"),
        ({"sizes": (3, 2.0)}, TypeError, "integer"),
        ({"sizes": (3, 2**70)}, OverflowError, "too large"),
        ({"origins": (0,)}, ValueError, "origins"),
        ({"footprint": np.ones((3, 4), bool)}, ValueError, "footprint"),
        ({"footprint": np.ones((3, 3))}, ValueError, "footprint"),
        ({"modes": -1}, ValueError, "modes"),
        ({"modes": (0,)}, ValueError, "modes"),
        ({"cval": b""}, ValueError, "cval"),
        ({"workers": 0}, ValueError, "workers: expected at least 1, got 0"),
        # what only C can tell; fastmath.ndimage asks before it
        ({"sizes": (0, 3)}, SystemError, "out of its range"),
        ({"origins": (2, 0)}, SystemError, "out of its range"),
        ({"origins": (2**63 - 1, 0)}, SystemError, "out of its range"),
        ({"rank": 9}, SystemError, "out of its range"),
        ({"rank": -1}, SystemError, "out of its range"),
        ({"footprint": np.zeros((3, 3), bool)}, SystemError, "out of its range"),
        ({"sizes": (2**62, 2**62)}, MemoryError, None),
    ],
)
def test_refusals(arguments, error, text):
    with pytest.raises(error, match=text):
        call(**arguments)


def test_read_only_output_is_refused():
    output = np.empty_like(IMAGE)
    output.flags.writeable = False
    with pytest.raises(ValueError, match="output: expected memory that can be written to"):
        call(output=output)
