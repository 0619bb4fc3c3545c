"""The median filters that people have today, each as a call that is ready to be timed.

A function here is given an image, an odd size and an array for the result, and returns a call without
arguments, or None where the library does not serve the type or the size. All run on one thread. What can
be made ready is made ready before, so that the call does nothing but filter.
"""

import ctypes
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pairs import Call

Peer = Callable[[np.ndarray, int, np.ndarray], Call | None]


def scipy(image: np.ndarray, size: int, output: np.ndarray) -> Call:
    from scipy import ndimage

    return lambda: ndimage.median_filter(image, size, mode="nearest", output=output)


def opencv(image: np.ndarray, size: int, output: np.ndarray) -> Call | None:
    import cv2

    cv2.setNumThreads(1)
    served = image.dtype == np.uint8 or (image.dtype in (np.uint16, np.float32) and size <= 5)
    return (lambda: cv2.medianBlur(image, size, output)) if served else None


def opencv_minimum(image: np.ndarray, size: int) -> Call:
    import cv2

    cv2.setNumThreads(1)
    output, window = np.empty_like(image), np.ones((size, size), np.uint8)
    return lambda: cv2.erode(image, window, output, borderType=cv2.BORDER_REPLICATE)


def scikit_image(image: np.ndarray, size: int, output: np.ndarray) -> Call | None:
    """It takes uint16, too, but walks through a histogram of as many bins as the image has values: seconds
    an image for all 65536, so that only what a camera of 12 bits gives is timed."""
    from skimage.filters import rank

    if image.dtype not in (np.uint8, np.uint16) or image.max() > 4095:
        return None
    footprint = np.ones((size, size), np.uint8)
    return lambda: rank.median(image, footprint, out=output)


def simpleitk(image: np.ndarray, size: int, output: np.ndarray) -> Call:
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    filtered = SimpleITK.GetImageFromArray(image)
    return lambda: SimpleITK.GetArrayFromImage(SimpleITK.Median(filtered, [size // 2] * 2))


def pillow(image: np.ndarray, size: int, output: np.ndarray) -> Call | None:
    from PIL import Image, ImageFilter

    if image.dtype != np.uint8:
        return None
    picture, median = Image.fromarray(image), ImageFilter.MedianFilter(size)
    return lambda: picture.filter(median)


class _Size(ctypes.Structure):
    _fields_ = (("width", ctypes.c_int), ("height", ctypes.c_int))


def ipp(image: np.ndarray, size: int, output: np.ndarray) -> Call | None:
    """Intel IPP, by its C interface. The numbers are those of its headers: types, and the border that
    repeats the last pixel."""
    types = {"uint8": ("8u", 1, ctypes.c_uint8), "uint16": ("16u", 5, ctypes.c_uint16),
             "float32": ("32f", 13, ctypes.c_float)}  # fmt: skip
    if image.dtype.name not in types:
        return None
    suffix, number, element = types[image.dtype.name]
    library = _ipp_library()
    region, mask = _Size(image.shape[1], image.shape[0]), _Size(size, size)
    needed = ctypes.c_int()
    if library.ippiFilterMedianBorderGetBufferSize(region, mask, number, 1, ctypes.byref(needed)):
        return None
    scratch = ctypes.create_string_buffer(needed.value)
    function = library[f"ippiFilterMedianBorder_{suffix}_C1R"]
    function.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, _Size, _Size,
                         ctypes.c_int, element, ctypes.c_void_p)  # fmt: skip
    repeat = 1

    def call() -> np.ndarray:
        status = function(image.ctypes.data, image.strides[0], output.ctypes.data, output.strides[0],
                          region, mask, repeat, 0, scratch)  # fmt: skip
        if status:
            raise RuntimeError(f"IPP: status {status}")
        return output

    return call


def _ipp_library() -> ctypes.CDLL:
    """The library for this machine's instruction set. The wheel's own dispatcher looks for it by a name that
    the wheel does not hold."""
    folder = Path(sys.prefix) / "lib"
    flags = Path("/proc/cpuinfo").read_text()
    code = "k0" if "avx512bw" in flags else "l9" if "avx2" in flags else "y8"
    ctypes.CDLL(str(folder / "libippcore.so.12"), mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(str(folder / f"libippi{code}.so.12"))


def _find_ipp() -> None:
    try:
        _ipp_library()
    except OSError as error:
        raise ImportError(str(error)) from error


PEERS: dict[str, tuple[Peer, str, str]] = {
    "OpenCV": (opencv, "cv2", "opencv-python-headless"),
    "Intel IPP": (ipp, "", "ipp"),
    "scikit-image": (scikit_image, "skimage", "scikit-image"),
    "SimpleITK": (simpleitk, "SimpleITK", "SimpleITK"),
    "Pillow": (pillow, "PIL", "pillow"),
    "SciPy": (scipy, "scipy", "scipy"),
}
"""By name: the function, the module that it needs, and the distribution that brings it."""


def installed() -> tuple[dict[str, Peer], list[str]]:
    """The peers that can be had here, and a line for each other one."""
    found, missing = {}, []
    for name, (peer, module, distribution) in PEERS.items():
        try:
            importlib.import_module(module) if module else _find_ipp()
        except ImportError:
            missing.append(f"{name} is not here: pip install {distribution}")
        else:
            found[name] = peer
    return found, missing
