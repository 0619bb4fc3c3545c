"""Grey images of 8 bits as PNG."""

import struct
import zlib

import numpy as np

from .._arguments import Array


def encode(image: Array) -> bytes:
    """The bytes of a PNG file; `image` is a uint8 array of two dimensions."""
    rows, columns = image.shape
    filtered = np.zeros((rows, columns + 1), np.uint8)  # each line begins with its filter, here none
    filtered[:, 1:] = image
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
