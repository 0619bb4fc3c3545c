"""TIFF: the file is copied and only its pixels are replaced, so all tags and pages stay.

That covers BigTIFF, tiles, pyramids, OME and ImageJ metadata and private tags alike. A lossless
compression is kept; a lossy one changes to deflate, since compressing again would lose more. A
channel that says how opaque a pixel is stays as it is.
"""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tifffile import (
    COMPRESSION,
    EXTRASAMPLE,
    PHOTOMETRIC,
    TiffFile,
    TiffPage,
    TiffPages,
    TiffWriter,
)

from fastmath.images.image import Image, ImageError, Picture, stack_of_pictures

KEPT_COMPRESSIONS = {
    COMPRESSION.NONE,
    COMPRESSION.LZW,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.PACKBITS,
    COMPRESSION.LZMA,
    COMPRESSION.ZSTD,
}


class TiffImage(Image):
    """A file in which every page has pixels of its own."""

    def __init__(self, path: Path, pages: list[TiffPage]) -> None:
        self._path = path
        self._arrays = [page.asarray() for page in pages]
        super().__init__(
            [
                picture
                for page, array in zip(pages, self._arrays, strict=True)
                for picture in _pictures_of_page(page, array)
            ]
        )
        changed = {page.compression for page in pages} - KEPT_COMPRESSIONS
        for compression in sorted(changed):
            self.notes.append(f"the compression {COMPRESSION(compression).name} changes to deflate")

    def write(self, file: BinaryIO, derivation: str) -> None:
        """Copy the file and replace the pixels of each page."""
        _copy(self._path, file)
        with TiffFile(file) as copy:
            for page, array in zip(_walk(copy.pages), self._arrays, strict=True):
                _replace_pixels(file, page, array)


class TiffVolume(Image):
    """A file of one page that describes the first of many planes, as ImageJ writes above 4 GB."""

    def __init__(self, path: Path, planes: Picture, in_colour: bool, offset: int) -> None:
        self._path = path
        self._planes = planes
        self._offset = offset
        super().__init__(stack_of_pictures(planes, 3 if in_colour else 2))

    def write(self, file: BinaryIO, derivation: str) -> None:
        """Copy the file and replace the block of pixels."""
        _copy(self._path, file)
        file.seek(self._offset)
        file.write(self._planes.data if self._planes.flags.c_contiguous else self._planes.tobytes())


def read(path: Path) -> Image:
    """Read all pages of a TIFF file; see `fastmath.images.read`."""
    with TiffFile(path) as tiff:
        pages = list(_walk(tiff.pages))
        for page in pages:
            _check(page)
        # the series of an OME file may lie in other files: its pages are all there is to do
        hidden = [] if tiff.is_ome else [series for series in tiff.series if series.is_truncated]
        if not hidden:
            return TiffImage(path, pages)
        series = hidden[0]
        if len(tiff.series) > 1 or series.dataoffset is None:
            raise ImageError("planes that no page of the file describes")
        order = tiff.byteorder
        planes = series.asarray().astype(series.dtype.newbyteorder(order))
        return TiffVolume(path, planes, series.axes.endswith("S"), series.dataoffset)


def _walk(pages: TiffPages) -> Iterator[TiffPage]:
    """Go through the pages and those inside them, such as the levels of a pyramid."""
    for page in (entry.aspage() for entry in pages):
        yield page
        if page.pages is not None:
            yield from _walk(page.pages)


def _check(page: TiffPage) -> None:
    if page.photometric == PHOTOMETRIC.PALETTE:
        raise ImageError("a palette image: the median of colour numbers has no meaning")
    if page.imagedepth > 1:
        raise ImageError("a page of more than one plane")


def _pictures_of_page(page: TiffPage, array: Picture) -> list[Picture]:
    if page.axes == "YX":
        return [array]
    if page.axes not in ("YXS", "SYX"):
        raise ImageError(f"a page with the axes {page.axes}")
    channels_last = array if page.axes == "YXS" else np.moveaxis(array, 0, -1)
    extra = page.extrasamples
    has_alpha = bool(extra) and extra[-1] == EXTRASAMPLE.UNASSALPHA
    return [channels_last[..., :-1] if has_alpha else channels_last]


def _copy(path: Path, file: BinaryIO) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, file)
    file.seek(0)


def _replace_pixels(file: BinaryIO, page: TiffPage, array: Picture) -> None:
    """Write the strips or tiles where the old ones were; those that have grown go to the end."""
    keep = page.compression in KEPT_COMPRESSIONS
    rows_per_strip, segments = _encode(page, array, keep)
    offsets: list[int] = []
    for index, segment in enumerate(segments):
        if index < len(page.dataoffsets) and len(segment) <= page.databytecounts[index]:
            offsets.append(file.seek(page.dataoffsets[index]))
        else:
            end = file.seek(0, io.SEEK_END)
            offsets.append(file.seek(end + end % 2))
        file.write(segment)
    kind = "Q" if page.parent.is_bigtiff else "I"
    where, how_long = ("TileOffsets", "TileByteCounts") if page.is_tiled else ("StripOffsets", "StripByteCounts")
    _set_tag(page, where, offsets, kind)
    _set_tag(page, how_long, [len(segment) for segment in segments], kind)
    _set_tag(page, "RowsPerStrip", [rows_per_strip], "I")
    _set_tag(page, "FillOrder", [1], "H")
    if not keep:
        _set_tag(page, "Compression", [COMPRESSION.ADOBE_DEFLATE], "H")
        _set_tag(page, "Predictor", [1], "H")
        if page.photometric == PHOTOMETRIC.YCBCR:  # the decoder has turned it into RGB
            _set_tag(page, "PhotometricInterpretation", [PHOTOMETRIC.RGB], "H")
            _set_tag(page, "YCbCrSubSampling", [1, 1], "H")


def _encode(page: TiffPage, array: Picture, keep: bool) -> tuple[int, list[bytes]]:
    """Give the rows of a strip and the encoded strips or tiles, by way of a file in memory."""
    bits = page.bitspersample
    packed = array.dtype.kind in "iu" and bits != array.itemsize * 8
    memory = io.BytesIO()
    # packed samples have no byte order
    with TiffWriter(memory, byteorder="<" if packed else page.parent.byteorder) as writer:
        writer.write(
            array,
            photometric="minisblack",
            planarconfig=page.planarconfig if array.ndim == 3 else None,
            bitspersample=bits if packed else None,
            compression=page.compression if keep else COMPRESSION.ADOBE_DEFLATE,
            predictor=page.predictor if keep else None,
            tile=(page.tilelength, page.tilewidth) if page.is_tiled else None,
            rowsperstrip=page.rowsperstrip or None,
            metadata=None,
        )
    memory.seek(0)
    with TiffFile(memory) as written:
        copy = written.pages.first
        if copy.bitspersample != bits:
            raise ImageError(f"samples of {bits} bits cannot be written")
        data = memory.getvalue()
        spans = zip(copy.dataoffsets, copy.databytecounts, strict=True)
        return copy.rowsperstrip, [data[offset : offset + length] for offset, length in spans]


def _set_tag(page: TiffPage, name: str, values: list[int], kind: str) -> None:
    tag = page.tags.get(name)
    if tag is not None and list(np.atleast_1d(tag.value)) != values:
        tag.overwrite(values, dtype=kind)
