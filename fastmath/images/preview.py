"""Draw a picture before and after the filter, whole and in detail, for people to look at."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from fastmath.images.image import Picture

PANEL = 512  # pixels of the longer side of one of the four panels
MARGIN = 12
LABEL = 28
DETAIL = 5  # the detail is this much smaller than the picture
WHOLE_RANGE = (1.0, 99.0)  # percentiles
DETAIL_RANGE = (10.0, 90.0)  # more contrast, so that noise shows
PAPER, INK = (255, 255, 255), (0, 0, 0)


def draw_preview(before: Picture, after: Picture, label: str, file: BinaryIO) -> None:
    """Write a PNG picture with `before` on the left and `after` on the right.

    Below them is the middle of both, enlarged and with more contrast. Both sides of a row are
    scaled to 8 bits in the same way, by percentiles of the left one, so that a difference seen is
    a difference made.

    Parameters
    ----------
    before, after : ndarray
        Of the same shape, (rows, columns) or (rows, columns, channels).
    label : str
        What the right side shows.
    file : binary file
        Where the picture goes.
    """
    whole = _panels(before, after, WHOLE_RANGE)
    detail = _panels(_middle(before), _middle(after), DETAIL_RANGE)
    columns = max(panel.width for panel in (*whole, *detail))
    rows = [whole[0].height, detail[0].height]
    sheet = Pillow.new("RGB", (2 * columns + 3 * MARGIN, sum(rows) + 2 * LABEL + 3 * MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=16)
    top = MARGIN
    for height, panels, names in (
        (rows[0], whole, ("before", label)),
        (rows[1], detail, ("before, the middle enlarged", f"{label}, the middle enlarged")),
    ):
        for side, (panel, name) in enumerate(zip(panels, names, strict=True)):
            left = MARGIN + side * (columns + MARGIN)
            draw.text((left, top), name, fill=INK, font=font)
            sheet.paste(panel, (left, top + LABEL))
        top += LABEL + height + MARGIN
    sheet.save(file, "PNG")


def _panels(before: Picture, after: Picture, percentiles: tuple[float, float]) -> list[Pillow.Image]:
    low, high = _range(before, percentiles)
    return [_panel(_to_8_bit(picture, low, high)) for picture in (before, after)]


def _range(picture: Picture, percentiles: tuple[float, float]) -> tuple[float, float]:
    values = picture[np.isfinite(picture)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(values.astype(np.float64), percentiles)
    return float(low), float(high) if high > low else float(low) + 1.0


def _to_8_bit(picture: Picture, low: float, high: float) -> NDArray[np.uint8]:
    scaled = (picture.astype(np.float64) - low) * (255.0 / (high - low))
    return np.nan_to_num(np.clip(scaled, 0.0, 255.0)).astype(np.uint8)


def _panel(pixels: NDArray[np.uint8]) -> Pillow.Image:
    # grey for one channel, and for the two or five that no screen can show as colours
    in_colour = pixels.ndim == 3 and pixels.shape[-1] >= 3
    shown = pixels[..., :3] if in_colour else pixels.reshape(*pixels.shape[:2], -1)[..., 0]
    panel = Pillow.fromarray(np.ascontiguousarray(shown)).convert("RGB")
    zoom = PANEL / max(panel.size)
    size = (max(1, round(panel.width * zoom)), max(1, round(panel.height * zoom)))
    # enlarged pixels keep their edges, reduced ones are averaged
    return panel.resize(size, Pillow.Resampling.NEAREST if zoom > 1 else Pillow.Resampling.BOX)


def _middle(picture: Picture) -> Picture:
    rows, columns = (max(1, size // DETAIL) for size in picture.shape[:2])
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    return picture[top : top + rows, left : left + columns]
