"""DICOM: a derived image with a UID of its own; every other attribute stays.

Frames are filtered as they are stored: before rescale and windowing, and in the colour space of
the file. Compressed pixels are decoded and written as Explicit VR Little Endian.
"""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydicom import DataElement, Dataset, dcmread
from pydicom.pixels import get_decoder, pack_bits  # type: ignore[attr-defined]
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from fastmath.images.image import Image, ImageError, Picture, stack_of_pictures, steps_of

# the attributes that hold pixels, and how they are represented when wider than a byte
PIXEL_KEYWORDS = {"PixelData": "OW", "FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}
LONGEST_TEXT = 1024  # characters in an element of type ST


class DicomImage(Image):
    """A data set and its decoded frames."""

    def __init__(self, dataset: Dataset, keyword: str) -> None:
        self._dataset = dataset
        self._keyword = keyword
        # raw, because going from YBR to RGB and back does not give the same values
        decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
        self._frames, decoded = decoder.as_array(dataset, raw=True)
        self._colour_space = str(decoded["photometric_interpretation"])
        super().__init__(stack_of_pictures(self._frames, 3 if dataset.SamplesPerPixel > 1 else 2))
        self.steps = steps_of(_slope_of(dataset, frame) for frame in range(len(self.pictures)))
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            self.notes.append("the pixels are written uncompressed")

    def write(self, file: BinaryIO, derivation: str) -> None:
        """Write the data set as a derived image."""
        self._describe_pixels()
        self._set_pixels()
        _mark_as_derived(self._dataset, derivation)
        self._dataset.save_as(file, enforce_file_format=True)

    def _describe_pixels(self) -> None:
        dataset = self._dataset
        if dataset.SamplesPerPixel > 1:
            # the decoder has brought the chroma to full resolution
            dataset.PhotometricInterpretation = self._colour_space.removesuffix("_422")
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            if dataset.SamplesPerPixel > 1:
                dataset.PlanarConfiguration = 0
            for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
                if keyword in dataset:
                    del dataset[keyword]

    def _set_pixels(self) -> None:
        dataset, frames = self._dataset, self._frames
        if dataset.SamplesPerPixel > 1 and dataset.PlanarConfiguration == 1:
            frames = np.moveaxis(frames, -1, -3)
        little = dataset.file_meta.TransferSyntaxUID.is_little_endian
        data = _packed(frames.astype(frames.dtype.newbyteorder("<" if little else ">")), dataset)
        kind = PIXEL_KEYWORDS[self._keyword] if dataset.BitsAllocated > 8 else "OB"
        dataset[self._keyword] = DataElement(self._keyword, kind, data)


def read(path: Path) -> Image:
    """Read a DICOM file with pixels; see `fastmath.images.read`."""
    dataset = dcmread(path)
    keyword = next((name for name in PIXEL_KEYWORDS if name in dataset), None)
    if keyword is None:
        raise ImageError("there are no pixels in it")
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        raise ImageError("a palette image: the median of colour numbers has no meaning")
    return DicomImage(dataset, keyword)


def _slope_of(dataset: Dataset, frame: int) -> Any:
    """The rescale slope of a frame, which an enhanced image has for each frame or for all together."""
    groups = [*dataset.get("PerFrameFunctionalGroupsSequence", [])[frame : frame + 1]]
    groups += dataset.get("SharedFunctionalGroupsSequence", [])
    for group in groups:
        for transformation in group.get("PixelValueTransformationSequence", []):
            return transformation.get("RescaleSlope")
    return dataset.get("RescaleSlope")


def _packed(frames: Picture, dataset: Dataset) -> bytes:
    return pack_bits(frames) if dataset.BitsAllocated == 1 else frames.tobytes()


def _mark_as_derived(dataset: Dataset, derivation: str) -> None:
    uid = generate_uid(prefix=None)
    dataset.SOPInstanceUID = uid
    dataset.file_meta.MediaStorageSOPInstanceUID = uid
    image_type = dataset.get("ImageType") or []
    values = [image_type] if isinstance(image_type, str) else list(image_type)
    dataset.ImageType = ["DERIVED", *(values[1:] or ["SECONDARY"])]
    earlier = dataset.get("DerivationDescription")
    story = f"{earlier}; {derivation}" if earlier else derivation
    dataset.DerivationDescription = story[-LONGEST_TEXT:]
