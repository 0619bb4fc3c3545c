"""What is not a pixel stays: each format is written again with all it came with."""

import importlib
import io
import os
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
import tifffile
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image as Pillow
from PIL import PngImagePlugin
from pydicom.data import get_testdata_file
from scipy.ndimage import median_filter

from fastmath.images import FORMATS, ImageError, format_of, png, read
from fastmath.images.filtering import Median, filter_pictures, footprint
from fastmath.images.preview import draw_preview
from fastmath.images.whole_file import whole_file

GREY = np.random.default_rng(1).integers(0, 4000, (23, 31)).astype(np.uint16)
COLOUR = np.random.default_rng(2).integers(0, 256, (23, 31, 3)).astype(np.uint8)
WINDOW = (3, 5)


def filtered(source: Path) -> Path:
    """Send a file through `read`, the filter and `write`."""
    image = read(source)
    filter_pictures(image, Median(window=WINDOW))
    target = source.with_name(f"filtered-{source.name}")
    with whole_file(target) as file:
        image.write(file, "median 3x5")
    return target


def expected(picture: Any) -> Any:
    if picture.dtype == np.float16:  # SciPy does not know it
        return expected(picture.astype(np.float32))
    if picture.ndim == 2:
        return median_filter(picture, WINDOW)
    return median_filter(picture, (*WINDOW, 1))


def shipped(name: str) -> Path:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    return Path(path)


def test_every_format_has_a_reader() -> None:
    for name in FORMATS.values():
        assert callable(importlib.import_module(f"fastmath.images.{name}").read)


def test_every_suffix_is_known_in_any_case(tmp_path: Path) -> None:
    for suffix, name in FORMATS.items():
        assert format_of(tmp_path / f"a{suffix}") == name
        assert format_of(tmp_path / f"a{suffix.upper()}") == name


def test_a_dicom_file_needs_no_suffix(tmp_path: Path) -> None:
    content = shipped("CT_small.dcm").read_bytes()
    for name in ("IM0001", "1.2.840.1", "dicomdir"):
        (tmp_path / name).write_bytes(content)
    assert format_of(tmp_path / "IM0001") == "dicom"
    assert format_of(tmp_path / "1.2.840.1") == "dicom"
    assert format_of(tmp_path / "dicomdir") is None
    (tmp_path / "notes").write_text("short")
    assert format_of(tmp_path / "notes") is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.png", b"", "not a PNG"),
        ("a.txt", b"hello", "unknown kind of file"),
        ("a.npy", b"\x93NUMPY\x01\x00", "EOF"),
        ("a.tif", b"II*\x00", ""),
        ("a.fits", b"SIMPLE", ""),
        ("a.dcm", b"nothing", "DICOM"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_raises(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Exception, match=reason):
        read(tmp_path / name)


def test_a_missing_file_has_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        read(tmp_path / "a.png")


class TestFiltering:
    def test_a_type_without_order_is_refused(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.ones((4, 4), np.complex64))
        with pytest.raises(ImageError, match="complex64"):
            filter_pictures(read(tmp_path / "a.npy"), Median(window=WINDOW))

    @pytest.mark.parametrize("mode", ["reflect", "mirror", "nearest", "wrap", "constant"])
    def test_mode_and_workers_reach_the_filter(self, tmp_path: Path, mode: str) -> None:
        np.save(tmp_path / "a.npy", GREY)
        image = read(tmp_path / "a.npy")
        filter_pictures(image, Median(window=WINDOW, mode=mode, workers=2))
        assert np.array_equal(image.pictures[0], median_filter(GREY, WINDOW, mode=mode))

    @pytest.mark.parametrize("size", [1, 3, 5, 9, 15])
    def test_disks_and_crosses(self, size: int) -> None:
        half = size // 2
        y, x = np.ogrid[-half : half + 1, -half : half + 1]
        assert footprint("box", (size, size)) is None
        np.testing.assert_array_equal(footprint("disk", (size, size)), y**2 + x**2 <= (size // 2) ** 2)
        np.testing.assert_array_equal(footprint("cross", (size, size)), (y == 0) | (x == 0))

    @pytest.mark.parametrize("shape", ["disk", "cross"])
    @pytest.mark.parametrize("window", [(2, 2), (4, 4), (4, 7), (1, 6), (10, 3)])
    def test_shapes_fill_their_window(self, shape: str, window: tuple[int, int]) -> None:
        members = footprint(shape, window)
        assert members.shape == window
        assert members.any(axis=0).all() and members.any(axis=1).all()
        np.testing.assert_array_equal(members, members[::-1, ::-1])


class TestNpy:
    @settings(max_examples=40, deadline=None)
    @given(
        array=npst.arrays(
            st.sampled_from(["?", "u1", "<i2", ">u2", ">i4", "<u8", "<f2", ">f4", "<f8"]),
            st.sampled_from([(6, 7), (2, 6, 7), (6, 7, 3), (6, 7, 4), (2, 2, 3, 5), (1, 1)]),
            elements={"allow_nan": False},
        ),
        order=st.sampled_from("CF"),
    )
    def test_layout_type_and_byte_order_stay(
        self, tmp_path_factory: pytest.TempPathFactory, array: Any, order: Any
    ) -> None:
        path = tmp_path_factory.mktemp("npy") / "a.npy"
        np.save(path, np.array(array, order=order))
        result = np.load(filtered(path))
        assert result.dtype == array.dtype
        assert result.shape == array.shape
        assert read(path).pictures[0].dtype.byteorder == np.load(path).dtype.byteorder
        assert filtered(path).stat().st_size == path.stat().st_size
        assert np.load(filtered(path)).flags.c_contiguous == np.load(path).flags.c_contiguous

    def test_planes_of_a_stack(self, tmp_path: Path) -> None:
        stack = np.stack([GREY, GREY[::-1], GREY[:, ::-1]])
        np.save(tmp_path / "a.npy", stack)
        result = np.load(filtered(tmp_path / "a.npy"))
        assert np.array_equal(result, [expected(plane) for plane in stack])

    def test_colours_but_not_alpha(self, tmp_path: Path) -> None:
        pixels = np.dstack([COLOUR, COLOUR[..., 0]])
        np.save(tmp_path / "a.npy", pixels)
        result = np.load(filtered(tmp_path / "a.npy"))
        assert np.array_equal(result[..., :3], expected(COLOUR))
        assert np.array_equal(result[..., 3], pixels[..., 3])

    @pytest.mark.parametrize("shape", [(), (5,), (0, 3, 3)])
    def test_what_is_no_picture_is_refused(self, tmp_path: Path, shape: tuple[int, ...]) -> None:
        np.save(tmp_path / "a.npy", np.zeros(shape))
        with pytest.raises(ImageError, match="picture"):
            read(tmp_path / "a.npy")

    def test_objects_are_not_unpickled(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.array([[{}]]), allow_pickle=True)
        with pytest.raises(ValueError, match="allow_pickle"):
            read(tmp_path / "a.npy")


class TestPng:
    @settings(max_examples=40, deadline=None)
    @given(
        data=st.data(),
        depth=st.sampled_from([1, 2, 4]),
        shape=st.tuples(st.integers(1, 9), st.integers(1, 19)),
    )
    def test_pixels_of_less_than_a_byte(self, data: Any, depth: int, shape: Any) -> None:
        pixels = data.draw(npst.arrays(np.uint8, shape, elements=st.integers(0, 2**depth - 1)))
        rows, columns = shape
        header = png.HEADER.pack(columns, rows, depth, 0, 0, 0, 0)
        chunks = [png.Chunk(b"IHDR", header), *png._encode(pixels, depth), png.Chunk(b"IEND", b"")]
        image = png.PngImage(chunks)
        assert np.array_equal(image.pictures[0], pixels)
        # and another reader sees the same, stretched to 8 bits
        stretched = imagecodecs.png_decode(png._join(chunks))
        assert np.array_equal(stretched, pixels * (255 // (2**depth - 1)))

    @pytest.mark.parametrize("dtype", ["u1", "u2"])
    @pytest.mark.parametrize("channels", [1, 2, 3, 4])
    def test_depth_and_colour_type_stay(self, tmp_path: Path, dtype: str, channels: int) -> None:
        rng = np.random.default_rng(channels)
        pixels = rng.integers(0, np.iinfo(dtype).max, (23, 31, channels), endpoint=True)
        pixels = pixels.astype(dtype)[..., 0] if channels == 1 else pixels.astype(dtype)
        path = tmp_path / "a.png"
        path.write_bytes(imagecodecs.png_encode(pixels))
        result = imagecodecs.png_decode(filtered(path).read_bytes())
        assert result.dtype == pixels.dtype
        wanted = expected(pixels)
        if channels in (2, 4):  # alpha is no colour
            wanted[..., -1] = pixels[..., -1]
        assert np.array_equal(result, wanted)

    def test_one_bit_stays_one_bit(self, tmp_path: Path) -> None:
        pixels = GREY > 2000
        Pillow.fromarray(pixels).save(tmp_path / "a.png")
        with Pillow.open(filtered(tmp_path / "a.png")) as result:
            assert result.mode == "1"
            assert np.array_equal(np.array(result), expected(pixels))

    def test_metadata_stays(self, tmp_path: Path) -> None:
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Title", "a slice")
        texts.add_itxt("Comment", "größer", lang="de", zip=True)
        profile = bytes(200)
        Pillow.fromarray(COLOUR).save(
            tmp_path / "a.png",
            dpi=(300, 200),
            pnginfo=texts,
            icc_profile=profile,
            transparency=(1, 2, 3),
        )
        result = filtered(tmp_path / "a.png")
        with Pillow.open(tmp_path / "a.png") as before, Pillow.open(result) as after:
            before.load(), after.load()
            assert after.info == before.info
            assert after.info["Comment"] == "größer"
            assert after.mode == before.mode

    def test_palette_is_refused(self, tmp_path: Path) -> None:
        Pillow.fromarray(COLOUR).convert("P").save(tmp_path / "a.png")
        with pytest.raises(ImageError, match="palette"):
            read(tmp_path / "a.png")

    def test_animation_is_refused(self, tmp_path: Path) -> None:
        frames = [Pillow.fromarray(COLOUR), Pillow.fromarray(255 - COLOUR)]
        frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
        with pytest.raises(ImageError, match="animated"):
            read(tmp_path / "a.png")

    @pytest.mark.parametrize("keep", [10, 20, 60, -5])
    def test_a_cut_file_is_refused(self, tmp_path: Path, keep: int) -> None:
        content = imagecodecs.png_encode(COLOUR)
        (tmp_path / "a.png").write_bytes(content[:keep])
        with pytest.raises(ImageError, match="too early"):
            read(tmp_path / "a.png")

    def test_a_flipped_bit_is_noticed(self, tmp_path: Path) -> None:
        content = bytearray(imagecodecs.png_encode(COLOUR))
        content[60] ^= 1
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(ImageError, match="IDAT is damaged"):
            read(tmp_path / "a.png")


def tags_of(path: Path) -> list[dict[str, str]]:
    """Give the tags of each page, but for those that say where the pixels are."""
    with tifffile.TiffFile(path) as tiff:
        return [
            {
                tag.name: str(tag.value)
                for tag in page.aspage().tags
                if not tag.name.endswith(("Offsets", "ByteCounts", "SubIFDs"))
            }
            for page in tiff.pages
        ]


class TestTiff:
    @pytest.mark.parametrize("byteorder", ["<", ">"])
    @pytest.mark.parametrize("dtype", "? u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8".split())
    def test_type_and_byte_order_stay(self, tmp_path: Path, dtype: str, byteorder: Any) -> None:
        pixels = (GREY % 2 if dtype == "?" else GREY % 120).astype(dtype)
        tifffile.imwrite(tmp_path / "a.tif", pixels, byteorder=byteorder)
        result = filtered(tmp_path / "a.tif")
        after = tifffile.imread(result)
        assert after.dtype.newbyteorder("=") == pixels.dtype
        assert np.array_equal(after, expected(pixels.astype("f4")))
        assert result.read_bytes()[:2] == {"<": b"II", ">": b"MM"}[byteorder]
        assert tags_of(result) == tags_of(tmp_path / "a.tif")

    @pytest.mark.parametrize(
        "options",
        [
            {"compression": "zlib", "predictor": True, "rowsperstrip": 7},
            {"compression": "lzw", "predictor": True, "tile": (16, 16)},
            {"compression": "zstd"},
            {"compression": "lzma"},
            {"compression": "packbits", "rowsperstrip": 4},
            {"tile": (16, 32)},
            {"rowsperstrip": 5},
            {"bitspersample": 12},
            {"bigtiff": True},
            {"resolution": (300, 150), "resolutionunit": "CENTIMETER", "description": "a slice"},
            {"software": "x", "datetime": "2020:01:02 03:04:05", "iccprofile": b"icc" * 40},
            {
                "extratags": [
                    (65000, "s", 0, "private", True),
                    (65001, "d", 3, (1.0, 2.0, 3.0), True),
                ]
            },
        ],
        ids=str,
    )
    def test_storage_and_tags_stay(self, tmp_path: Path, options: dict[str, Any]) -> None:
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, GREY, **options)
        result = filtered(path)
        assert np.array_equal(tifffile.imread(result), expected(GREY))
        assert tags_of(result) == tags_of(path)
        with tifffile.TiffFile(path) as before, tifffile.TiffFile(result) as after:
            assert after.is_bigtiff == before.is_bigtiff

    @pytest.mark.parametrize(
        "options",
        [{}, {"imagej": True}, {"ome": True}, {"truncate": True}, {"compression": "zlib"}],
        ids=str,
    )
    def test_every_page_is_filtered(self, tmp_path: Path, options: dict[str, Any]) -> None:
        stack = np.stack([GREY + index for index in range(5)]).astype(np.uint16)
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, stack, **options)
        assert len(read(path).pictures) == 5
        result = filtered(path)
        assert np.array_equal(tifffile.imread(result), [expected(plane) for plane in stack])
        assert tags_of(result) == tags_of(path)

    def test_pages_may_differ(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        pages: list[Any] = [GREY, GREY[:9, :11].astype(np.float32), COLOUR]
        with tifffile.TiffWriter(path) as writer:
            for page in pages:
                writer.write(page, photometric="rgb" if page.ndim == 3 else "minisblack")
        with tifffile.TiffFile(filtered(path)) as result:
            for page, before in zip(result.pages, pages, strict=True):
                assert page.dtype == before.dtype
                assert np.array_equal(page.asarray(), expected(before))

    def test_levels_of_a_pyramid_are_filtered(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        with tifffile.TiffWriter(path) as writer:
            writer.write(GREY, subifds=1)
            writer.write(np.ascontiguousarray(GREY[::2, ::2]), subfiletype=1)
        with tifffile.TiffFile(filtered(path)) as result:
            level = result.pages.first.pages
            assert level is not None
            assert np.array_equal(level[0].asarray(), expected(GREY[::2, ::2]))

    @pytest.mark.parametrize("planes", ["contig", "separate"])
    def test_colours_are_filtered_one_by_one(self, tmp_path: Path, planes: str) -> None:
        pixels = COLOUR if planes == "contig" else np.ascontiguousarray(COLOUR.transpose(2, 0, 1))
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig=planes)
        result = tifffile.imread(filtered(tmp_path / "a.tif"))
        last = result if planes == "contig" else result.transpose(1, 2, 0)
        assert np.array_equal(last, expected(COLOUR))

    @pytest.mark.parametrize(("kind", "filtered_too"), [("unassalpha", False), ("assocalpha", True)])
    def test_alpha(self, tmp_path: Path, kind: str, filtered_too: bool) -> None:
        pixels = np.dstack([COLOUR, COLOUR[..., 0]])
        tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=[kind])
        result = tifffile.imread(filtered(tmp_path / "a.tif"))
        wanted = expected(pixels)
        if not filtered_too:
            wanted[..., 3] = pixels[..., 3]
        assert np.array_equal(result, wanted)

    def test_a_lossy_compression_changes(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        tifffile.imwrite(path, COLOUR, photometric="rgb", compression="jpeg", rowsperstrip=16)
        assert read(path).notes == ["the compression JPEG changes to deflate"]
        result = tifffile.imread(filtered(path))
        assert np.array_equal(result, expected(tifffile.imread(path)))

    def test_palette_is_refused(self, tmp_path: Path) -> None:
        colours = np.zeros((3, 256), np.uint16)
        tifffile.imwrite(tmp_path / "a.tif", COLOUR[..., 0], photometric="palette", colormap=colours)
        with pytest.raises(ImageError, match="palette"):
            read(tmp_path / "a.tif")


# attributes that a derived image may change
DERIVED = {"SOPInstanceUID", "ImageType", "DerivationDescription", "PixelData"}


def attributes(dataset: pydicom.Dataset) -> dict[Any, Any]:
    return {
        element.tag: element.value for element in dataset if element.keyword not in DERIVED and element.tag.element != 0
    }


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
class TestDicom:
    @pytest.mark.parametrize(
        "name",
        [
            "CT_small.dcm",
            "MR_small_implicit.dcm",
            "MR_small_bigendian.dcm",
            "examples_overlay.dcm",
            "image_dfl.dcm",
            "rtdose.dcm",
            "rtdose_expb.dcm",
            "liver_1frame.dcm",
            "liver_expb_1frame.dcm",
            "SC_rgb_small_odd.dcm",
            "SC_rgb_small_odd_big_endian.dcm",
        ],
    )
    def test_uncompressed_files_keep_all_but_pixels(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_bytes(shipped(name).read_bytes())
        before, after = pydicom.dcmread(path), pydicom.dcmread(filtered(path))
        assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID
        assert attributes(after) == attributes(before)
        assert after.pixel_array.dtype == before.pixel_array.dtype
        self.check_pixels(before, after)

    @pytest.mark.parametrize(
        "name",
        ["J2K_pixelrep_mismatch.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm"],
    )
    def test_compressed_files_are_written_uncompressed(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_bytes(shipped(name).read_bytes())
        assert read(path).notes == ["the pixels are written uncompressed"]
        before, after = pydicom.dcmread(path), pydicom.dcmread(filtered(path))
        assert after.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
        assert attributes(after) == attributes(before)
        self.check_pixels(before, after)

    def test_frames_are_filtered_one_by_one(self, tmp_path: Path) -> None:
        path = tmp_path / "a.dcm"
        path.write_bytes(shipped("SC_rgb_rle_16bit_2frame.dcm").read_bytes())
        before, after = pydicom.dcmread(path), pydicom.dcmread(filtered(path))
        assert after.pixel_array.shape == (2, 100, 100, 3)
        for frame, result in zip(before.pixel_array, after.pixel_array, strict=True):
            assert np.array_equal(result, expected(frame))

    @pytest.mark.parametrize(
        ("name", "stored"),
        [
            ("SC_rgb_dcmtk_+eb+cy+n1.dcm", "YBR_FULL"),
            ("SC_ybr_full_422_uncompressed.dcm", "YBR_FULL"),
            ("GDCMJ2K_TextGBR.dcm", "RGB"),
        ],
    )
    def test_colour_spaces(self, tmp_path: Path, name: str, stored: str) -> None:
        path = tmp_path / "a.dcm"
        path.write_bytes(shipped(name).read_bytes())
        image = read(path)
        with (tmp_path / "same.dcm").open("w+b") as file:
            image.write(file, "nothing")
        before, after = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "same.dcm")
        assert after.PhotometricInterpretation == stored
        assert np.array_equal(after.pixel_array, before.pixel_array)

    def test_planes_of_colours_stay_planes(self, tmp_path: Path) -> None:
        dataset = pydicom.dcmread(shipped("SC_rgb_small_odd.dcm"))
        pixels = dataset.pixel_array
        dataset.PlanarConfiguration = 1
        dataset.PixelData = pixels.transpose(2, 0, 1).tobytes() + b"\0"
        dataset.save_as(tmp_path / "a.dcm")
        after = pydicom.dcmread(filtered(tmp_path / "a.dcm"))
        assert after.PlanarConfiguration == 1
        assert np.array_equal(after.pixel_array, expected(pixels))

    @pytest.mark.parametrize("keyword", ["FloatPixelData", "DoubleFloatPixelData"])
    def test_floating_point(self, tmp_path: Path, keyword: str) -> None:
        dtype = np.dtype("<f4" if keyword == "FloatPixelData" else "<f8")
        dataset = pydicom.dcmread(shipped("CT_small.dcm"))
        del dataset.PixelData
        dataset.BitsAllocated = dtype.itemsize * 8
        pixels = np.random.default_rng(3).random((128, 128)).astype(dtype)
        setattr(dataset, keyword, pixels.tobytes())
        dataset.save_as(tmp_path / "a.dcm")
        after = pydicom.dcmread(filtered(tmp_path / "a.dcm"))
        assert np.array_equal(after.pixel_array, expected(pixels))

    def test_it_is_a_derived_image_of_its_own(self, tmp_path: Path) -> None:
        path = tmp_path / "a.dcm"
        path.write_bytes(shipped("CT_small.dcm").read_bytes())
        before = pydicom.dcmread(path)
        first, second = pydicom.dcmread(filtered(path)), pydicom.dcmread(filtered(path))
        uids = {before.SOPInstanceUID, first.SOPInstanceUID, second.SOPInstanceUID}
        assert len(uids) == 3
        assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID
        assert list(before.ImageType)[0] == "ORIGINAL"
        assert list(first.ImageType) == ["DERIVED", *before.ImageType[1:]]
        assert first.DerivationDescription == "median 3x5"
        for kept in ("RescaleSlope", "RescaleIntercept", "SeriesInstanceUID", "BitsStored"):
            assert first[kept].value == before[kept].value

    def test_an_earlier_derivation_is_kept(self, tmp_path: Path) -> None:
        dataset = pydicom.dcmread(shipped("CT_small.dcm"))
        dataset.DerivationDescription = "resampled"
        del dataset.ImageType
        dataset.save_as(tmp_path / "a.dcm")
        after = pydicom.dcmread(filtered(tmp_path / "a.dcm"))
        assert after.DerivationDescription == "resampled; median 3x5"
        assert list(after.ImageType) == ["DERIVED", "SECONDARY"]

    def test_what_has_no_grey_values_is_refused(self) -> None:
        with pytest.raises(ImageError, match="palette"):
            read(shipped("examples_palette.dcm"))
        with pytest.raises(ImageError, match="no pixels"):
            read(shipped("rtplan.dcm"))

    @staticmethod
    def check_pixels(before: pydicom.Dataset, after: pydicom.Dataset) -> None:
        frames, results = before.pixel_array, after.pixel_array
        if before.get("NumberOfFrames", 1) == 1:
            frames, results = frames[np.newaxis], results[np.newaxis]
        for frame, result in zip(frames, results, strict=True):
            assert np.array_equal(result, expected(frame))


class TestFits:
    @pytest.mark.parametrize("dtype", "u1 i2 i4 i8 f4 f8".split())
    def test_type_and_header_stay(self, tmp_path: Path, dtype: str) -> None:
        unit = fits.PrimaryHDU((GREY % 250).astype(dtype))
        unit.header["OBJECT"] = ("M31", "a galaxy")
        unit.header["HISTORY"] = "first light"
        unit.writeto(tmp_path / "a.fits")
        with (
            fits.open(tmp_path / "a.fits") as before,
            fits.open(filtered(tmp_path / "a.fits")) as after,
        ):
            assert after[0].header.tostring() == before[0].header.tostring()
            assert after[0].data.dtype == before[0].data.dtype
            assert after[0].data.dtype.byteorder in ">|"
            assert np.array_equal(after[0].data, expected(before[0].data.astype("f8")))

    def test_unsigned_and_scaled_values(self, tmp_path: Path) -> None:
        scaled = fits.ImageHDU(GREY.astype(">i2"))
        unsigned = fits.PrimaryHDU(GREY + np.uint16(40000))
        fits.HDUList([unsigned, scaled]).writeto(tmp_path / "a.fits")
        with fits.open(tmp_path / "a.fits", mode="update", do_not_scale_image_data=True) as units:
            units[1].header.update(BSCALE=0.5, BZERO=3.25, BLANK=-32768)
        result = filtered(tmp_path / "a.fits")
        with fits.open(tmp_path / "a.fits") as before, fits.open(result) as after:
            assert (after[0].header["BITPIX"], after[0].header["BZERO"]) == (16, 32768)
            for one, other in zip(before, after, strict=True):
                assert other.header.tostring() == one.header.tostring()
                assert np.array_equal(other.data, expected(one.data))

    def test_all_images_are_filtered_and_the_rest_copied(self, tmp_path: Path) -> None:
        cube = np.random.default_rng(4).random((2, 3, 9, 11)).astype(np.float32)
        table = fits.BinTableHDU.from_columns(
            [
                fits.Column("id", "J", array=np.arange(5)),
                fits.Column("name", "4A", array=["ab"] * 5),
            ]
        )
        spectrum = fits.ImageHDU(np.arange(20.0)[::-1].copy(), name="SPECTRUM")
        units = [fits.PrimaryHDU(), fits.ImageHDU(cube, name="CUBE"), table, spectrum]
        fits.HDUList(units).writeto(tmp_path / "a.fits", checksum=True)
        assert len(read(tmp_path / "a.fits").pictures) == 6
        with fits.open(filtered(tmp_path / "a.fits"), checksum=True) as after:  # warns of wrong ones
            wanted = [[expected(plane) for plane in planes] for planes in cube]
            assert np.array_equal(after["CUBE"].data, wanted)
            assert np.array_equal(after[2].data, table.data)
            assert np.array_equal(after["SPECTRUM"].data, spectrum.data)
            assert "CHECKSUM" in after["CUBE"].header

    def test_compressed_image(self, tmp_path: Path) -> None:
        units = fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(GREY.astype(np.int16))])
        units.writeto(tmp_path / "a.fits", checksum=True)
        assert len(read(tmp_path / "a.fits").notes) == 1
        with fits.open(filtered(tmp_path / "a.fits"), checksum=True) as after:
            assert isinstance(after[1], fits.CompImageHDU)
            assert np.array_equal(after[1].data, expected(GREY))

    def test_a_file_without_image_is_refused(self, tmp_path: Path) -> None:
        fits.PrimaryHDU().writeto(tmp_path / "a.fits")
        with pytest.raises(ImageError, match="no picture"):
            read(tmp_path / "a.fits")


class TestWholeFile:
    @pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
    def test_a_failure_leaves_no_trace(self, tmp_path: Path, error: BaseException) -> None:
        target = tmp_path / "a.png"
        target.write_bytes(b"old")
        with pytest.raises(type(error)), whole_file(target) as file:
            file.write(b"half")
            raise error
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
        assert target.read_bytes() == b"old"

    def test_the_name_appears_at_the_end(self, tmp_path: Path) -> None:
        target = tmp_path / ("n" * 250 + ".png")
        with whole_file(target) as file:
            file.write(b"new")
            assert not target.exists()
        assert target.read_bytes() == b"new"
        assert target.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


class TestPreview:
    @pytest.mark.parametrize(
        "picture",
        [
            GREY,
            COLOUR,
            COLOUR[..., :2],
            COLOUR > 100,
            np.zeros((3, 200)),
            np.full((5, 5), np.nan, np.float32),
            np.array([[np.inf, 1.0], [-np.inf, 2.0]], ">f4"),
            GREY.astype(np.int64) << 50,
            np.zeros((1500, 40), np.uint8),
        ],
        ids=lambda picture: f"{picture.dtype} {picture.shape}",
    )
    def test_any_picture_can_be_drawn(self, picture: Any) -> None:
        file = io.BytesIO()
        draw_preview(picture, picture, "median", file)
        with Pillow.open(file) as sheet:
            assert sheet.mode == "RGB"

    def test_both_sides_have_the_same_scale(self) -> None:
        file = io.BytesIO()
        draw_preview(GREY, np.zeros_like(GREY), "zero", file)
        with Pillow.open(file) as sheet:
            pixels = np.array(sheet)
        right = pixels[100:300, sheet.width // 2 + 50 : sheet.width - 50]
        assert (right == 0).all()
        assert pixels[100:300, 50 : sheet.width // 2 - 50].std() > 50
