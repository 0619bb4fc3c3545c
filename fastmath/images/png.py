"""PNG: bit depth, interlacing aside, and every chunk of metadata are kept.

The alpha channel stays as it is: it says how opaque a pixel is, which is not a colour. Palette
images are refused, because the median of colour numbers has no meaning.
"""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO, NamedTuple

import imagecodecs
import numpy as np

from fastmath.images.image import Image, ImageError, Picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_CHANNELS = {0: 1, 2: 3, 4: 1, 6: 3}  # by colour type; 3 is a palette
HEADER = struct.Struct(">IIBBBBB")


class Chunk(NamedTuple):
    """A piece of a PNG file."""

    kind: bytes
    data: bytes


class Header(NamedTuple):
    """The first chunk of a PNG file."""

    width: int
    height: int
    depth: int
    colour_type: int
    compression: int
    filters: int
    interlace: int


class PngImage(Image):
    """The pixels and the chunks of a PNG file."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._header = Header._make(HEADER.unpack(chunks[0].data))
        if self._header.colour_type not in COLOUR_CHANNELS:
            raise ImageError("a palette image: the median of colour numbers has no meaning")
        if any(chunk.kind == b"acTL" for chunk in chunks):
            raise ImageError("an animated PNG")
        self._pixels = _decode(chunks, self._header.depth)
        channels = COLOUR_CHANNELS[self._header.colour_type]
        colours = self._pixels if self._pixels.ndim == 2 else self._pixels[..., :channels]
        super().__init__([colours])

    def write(self, file: BinaryIO, derivation: str) -> None:
        """Write the old chunks around the new pixels."""
        pixels = _encode(self._pixels, self._header.depth)
        header = Chunk(b"IHDR", HEADER.pack(*self._header._replace(interlace=0)))
        first = next(i for i, chunk in enumerate(self._chunks) if chunk.kind == b"IDAT")
        before = self._chunks[1:first]
        after = [chunk for chunk in self._chunks[first:] if chunk.kind != b"IDAT"]
        file.write(_join([header, *before, *pixels, *after]))


def read(path: Path) -> Image:
    """Read a PNG file that is in grey or true colour; see `fastmath.images.read`."""
    return PngImage(_split(path.read_bytes()))


def _split(data: bytes) -> list[Chunk]:
    if not data.startswith(SIGNATURE):
        raise ImageError("not a PNG file")
    chunks: list[Chunk] = []
    position = len(SIGNATURE)
    while not chunks or chunks[-1].kind != b"IEND":
        length = int.from_bytes(data[position : position + 4], "big")
        end = position + 12 + length
        if end > len(data):
            raise ImageError("the file ends too early")
        kind, content = data[position + 4 : position + 8], data[position + 8 : end - 4]
        if data[end - 4 : end] != _checksum(kind, content):
            raise ImageError(f"the chunk {kind.decode('latin-1')} is damaged")
        chunks.append(Chunk(kind, content))
        position = end
    if chunks[0].kind != b"IHDR":
        raise ImageError("the PNG header is missing")
    return chunks


def _join(chunks: list[Chunk]) -> bytes:
    pieces = [SIGNATURE]
    for kind, content in chunks:
        pieces += [struct.pack(">I4s", len(content), kind), content, _checksum(kind, content)]
    return b"".join(pieces)


def _checksum(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))


def _decode(chunks: list[Chunk], depth: int) -> Picture:
    # without the other chunks, since tRNS would turn into an alpha channel
    bare = [chunk for chunk in chunks if chunk.kind in (b"IHDR", b"IDAT", b"IEND")]
    pixels: Picture = imagecodecs.png_decode(_join(bare))
    if depth < 8:  # the decoder has stretched them to 0..255
        pixels //= 255 // (2**depth - 1)
    return pixels


def _encode(pixels: Picture, depth: int) -> list[Chunk]:
    """Give the IDAT chunks; filters work on whole bytes, so packed pixels pass as a grey image."""
    encoded = imagecodecs.png_encode(_pack(pixels, depth) if depth < 8 else pixels)
    return [chunk for chunk in _split(bytes(encoded)) if chunk.kind == b"IDAT"]


def _pack(pixels: Picture, depth: int) -> Picture:
    """Pack pixels of 1, 2 or 4 bits into bytes, the first one highest."""
    bits = np.unpackbits(pixels[..., np.newaxis], axis=-1)[..., 8 - depth :]
    return np.packbits(bits.reshape(len(pixels), -1), axis=-1)
