"""What the command can do to the pictures of an image file."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmath import median_filter, percentile_filter, remove_outliers
from fastmath.images.image import Image, ImageError, Picture
from fastmath.outliers import Units, Which

Mask = NDArray[np.bool_]
Window = tuple[int, int]

INVERTED: dict[Which, Which] = {"both": "both", "bright": "dark", "dark": "bright"}


@dataclass(frozen=True, kw_only=True)
class Filter(ABC):
    """A filter and its options, which are those of `fastmath.median_filter`."""

    window: Window
    mode: str = "reflect"
    workers: int | None = None
    nan_policy: Any = None
    """None is "last", with a note if there are NaNs."""

    @abstractmethod
    def apply(self, channel: Picture, mask: Mask | None) -> int | None:
        """Filter an array of two dimensions in place; the number of pixels replaced, if it is not all."""

    def stored(self, step: float) -> "Filter":
        """The filter for the numbers that a file stores, a difference of 1 between which stands for `step`."""
        return self

    def options(self, mask: Mask | None) -> dict[str, Any]:
        """What goes to the functions of fastmath."""
        policy = self.nan_policy or "last"
        return {"mode": self.mode, "workers": self.workers, "mask": mask, "nan_policy": policy}

    @property
    def size(self) -> str:
        """The window, for people."""
        return f"{self.window[0]}x{self.window[1]}"


@dataclass(frozen=True, kw_only=True)
class Median(Filter):
    """Each pixel becomes the median, or another percentile, of the window around it."""

    shape: str = "box"
    percentile: float | None = None
    keep_nan: bool = False

    def __str__(self) -> str:
        name = "median" if self.percentile is None else f"percentile {self.percentile:g}"
        return f"{name} {self.size}" + ("" if self.shape == "box" else f" {self.shape}")

    def apply(self, channel: Picture, mask: Mask | None) -> None:
        """Filter an array of two dimensions in place."""
        options = {**self.options(mask), "output": channel, "keep_nan": self.keep_nan}
        members = footprint(self.shape, self.window)
        options |= {"size": self.window} if members is None else {"footprint": members}
        if self.percentile is None:
            median_filter(channel, **options)
        else:
            percentile_filter(channel, self.percentile, **options)


@dataclass(frozen=True, kw_only=True)
class Outliers(Filter):
    """Only pixels that differ too much from the median of the window around them become that median."""

    threshold: float
    units: Units = "image"
    which: Which = "both"

    def __str__(self) -> str:
        which = "" if self.which == "both" else f"{self.which} "
        unit = "" if self.units == "image" else " MAD"
        return f"{which}outliers {self.size} beyond {self.threshold:g}{unit}"

    def stored(self, step: float) -> "Outliers":
        """The threshold in stored numbers; in an inverted picture bright pixels are dark ones."""
        threshold = self.threshold / abs(step) if self.units == "image" else self.threshold
        return replace(self, threshold=threshold, which=INVERTED[self.which] if step < 0 else self.which)

    def apply(self, channel: Picture, mask: Mask | None) -> int:
        """Repair an array of two dimensions in place, and count the pixels replaced."""
        _, replaced = remove_outliers(
            channel, self.window, self.threshold, output=channel, return_mask=True,
            units=self.units, which=self.which, **self.options(mask),
        )  # fmt: skip
        return int(np.count_nonzero(replaced))


def footprint(shape: str, window: Window) -> Mask | None:
    """The pixels of a window that count: all of a box, or an ellipse or a cross within it.

    Parameters
    ----------
    shape : {"box", "disk", "cross"}
        A disk of an odd size has all pixels that are at most ``size // 2`` from its centre.
    window : tuple of int
        Rows and columns.

    Returns
    -------
    ndarray of bool or None
        None for a box.
    """
    if shape == "box":
        return None
    # steps from the middle, or from the nearer of two middle ones
    rows, columns = (np.maximum(np.arange(size) - size // 2, (size - 1) // 2 - np.arange(size)) for size in window)
    if shape == "cross":
        return np.asarray(np.logical_or.outer(rows == 0, columns == 0))
    high, wide = (max((size - 1) // 2, 1) for size in window)
    return np.asarray(np.add.outer((rows * wide) ** 2, (columns * high) ** 2) <= (high * wide) ** 2)


def filter_pictures(image: Image, chosen: Filter, masks: list[Mask] | None = None) -> int | None:
    """Filter every picture, each colour channel by itself.

    Parameters
    ----------
    image : Image
        Its pictures are changed in place.
    chosen : Filter
        What to do to them.
    masks : list of ndarray, optional
        Which pixels do not count: one array for all pictures, or one for each.

    Returns
    -------
    int or None
        How many pixels were replaced, if the filter leaves others alone.

    Raises
    ------
    ImageError
        If the pixels are of a type that has no order, a mask does not fit, or there are NaNs that may not be.
    """
    counts = []
    notes: dict[str, int] = {}
    for index, picture in enumerate(image.pictures):
        if picture.dtype.kind not in "biuf":
            raise ImageError(f"pixels of the type {picture.dtype} cannot be put in order")
        given = _mask_of(image, index, masks)
        missing = image.missing.get(index)
        stored = chosen.stored(image.steps.get(index, 1.0))
        for channel in channels(picture):
            if chosen.nan_policy in (None, "raise"):
                _heed(chosen, channel, missing, given, notes)
            counts.append(_filter(stored, channel, given, missing))
    image.notes += [f"{count} pixels are {name}; see --nan-policy" for name, count in notes.items()]
    return None if counts[0] is None else sum(count or 0 for count in counts)


def _filter(chosen: Filter, channel: Picture, mask: Mask | None, missing: Mask | None) -> int | None:
    """With the integers that stand for missing pixels treated as NaNs are."""
    if missing is None or chosen.nan_policy != "omit":
        return chosen.apply(channel, mask)
    blank = channel[missing]
    count = chosen.apply(channel, missing if mask is None else mask | missing)
    if isinstance(chosen, Median) and chosen.keep_nan:
        channel[missing] = blank
    return count


def _heed(chosen: Filter, channel: Picture, missing: Mask | None, mask: Mask | None, notes: dict[str, int]) -> None:
    """Note or refuse pixels without a value that count."""
    if channel.dtype.kind == "f":
        name, empty = "NaN, which is larger than any number", np.isnan(channel)
    elif missing is not None:
        name, empty = "BLANK, and count as the number they are stored as", missing
    else:
        return
    count = int(np.count_nonzero(empty if mask is None else empty & ~mask))
    if count and chosen.nan_policy == "raise":
        raise ImageError(f"{count} pixels are {name.partition(',')[0]}")
    if count:
        notes[name] = notes.get(name, 0) + count


def _mask_of(image: Image, index: int, masks: list[Mask] | None) -> Mask | None:
    if masks is None:
        return None
    if len(masks) not in (1, len(image.pictures)):
        raise ImageError(f"the mask has {len(masks)} pictures, and the image {len(image.pictures)}")
    mask = masks[0] if len(masks) == 1 else masks[index]
    shape = image.pictures[index].shape[:2]
    if mask.shape != shape:
        raise ImageError(f"the mask is {_sides(mask.shape)}, and the picture {_sides(shape)}")
    return mask


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def channels(picture: Picture) -> list[Picture]:
    """Split a picture into its channels.

    Parameters
    ----------
    picture : ndarray
        Of shape (rows, columns) or (rows, columns, channels).

    Returns
    -------
    list of ndarray
        Views of two dimensions.
    """
    if picture.ndim == 2:
        return [picture]
    return [picture[..., index] for index in range(picture.shape[-1])]
