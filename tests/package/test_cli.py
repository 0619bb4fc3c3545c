"""The command: what it does, what it refuses, and that it never leaves half a file."""

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import imagecodecs
import numpy as np
import pytest
import tifffile
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from scipy.ndimage import median_filter

import fastmath
from fastmath import cli
from fastmath.images import read

IMAGE = np.random.default_rng(5).integers(0, 60000, (20, 24)).astype(np.uint16)


class Result(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Call the command in an empty folder, as the console script does."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["fastmath", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            cli.main()
        captured = capsys.readouterr()
        return Result(int(leaving.value.code or 0), captured.out, captured.err)

    return call


def save(name: str, image: Any = IMAGE) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, image)
    return path


def is_filtered(name: str, image: Any = IMAGE, size: Any = 3) -> bool:
    return np.array_equal(np.load(name), median_filter(image, size))


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file()}


class TestMedian:
    def test_one_file(self, run: Run) -> None:
        save("a.npy")
        result = run("median", "a.npy", "b.npy", "--size", 3)
        assert result.status == 0
        assert result.err == ""
        assert is_filtered("b.npy")
        assert files() == {"a.npy", "b.npy"}
        first, summary = result.out.splitlines()
        assert first.startswith("a.npy -> b.npy: 20 x 24 uint16, filtered in ")
        assert re.match(r"1 image in 1 file: [\d.]+ s, [\d.]+ images/s, [\d.]+ MB/s; [\d.]+ s of it", summary)

    @pytest.mark.parametrize(("size", "window"), [("5", 5), ("3x7", (3, 7)), ("4X1", (4, 1))])
    def test_size(self, run: Run, size: str, window: Any) -> None:
        save("a.npy")
        assert run("median", "a.npy", "b.npy", "--size", size).status == 0
        assert is_filtered("b.npy", size=window)

    def test_mode_and_workers(self, run: Run) -> None:
        save("a.npy")
        options = ("--size", 3, "--mode", "wrap", "--workers", -1)
        assert run("median", "a.npy", "b.npy", *options).status == 0
        assert np.array_equal(np.load("b.npy"), median_filter(IMAGE, 3, mode="wrap"))

    @pytest.mark.parametrize("output", ["out", "out/", "made/out/"])
    def test_a_folder_takes_a_file(self, run: Run, output: str) -> None:
        save("a.npy")
        if output == "out":
            Path(output).mkdir()
        assert run("median", "a.npy", output, "--size", 3).status == 0
        assert is_filtered(f"{output.rstrip('/')}/a.npy")

    def test_several_files(self, run: Run) -> None:
        save("a.npy"), save("in/b.npy", IMAGE[::-1])
        assert run("median", "a.npy", "in/b.npy", "out", "--size", 3).status == 0
        assert is_filtered("out/a.npy")
        assert is_filtered("out/b.npy", IMAGE[::-1])

    def test_a_folder_keeps_its_structure(self, run: Run) -> None:
        for name in ("in/a.npy", "in/deep/er/b.NPY", "in/.hidden.npy", "in/.git/c.npy"):
            with save("x.npy").open("rb") as content:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_bytes(content.read())
        Path("in/notes.txt").write_text("not an image")
        before = files()
        result = run("median", "in", "out", "--size", 3)
        assert result == Result(0, result.out, "")
        assert files() - before == {"out/a.npy", "out/deep/er/b.NPY"}

    def test_folders_among_several_inputs_keep_their_names(self, run: Run) -> None:
        save("one/a.npy"), save("two/a.npy", IMAGE[::-1]), save("a.npy", IMAGE[:, ::-1])
        assert run("median", "one", "two/", "a.npy", "out", "--size", 3).status == 0
        assert is_filtered("out/one/a.npy")
        assert is_filtered("out/two/a.npy", IMAGE[::-1])
        assert is_filtered("out/a.npy", IMAGE[:, ::-1])

    def test_an_output_folder_inside_the_input_is_not_read(self, run: Run) -> None:
        save("in/a.npy")
        for _ in range(2):
            assert run("median", "in", "in/out", "--size", 3, "--force").status == 0
        assert files() == {"in/a.npy", "in/out/a.npy"}

    def test_dicom_files_without_suffix_are_found(self, run: Run) -> None:
        path = get_testdata_file("CT_small.dcm", download=False)
        assert isinstance(path, str)
        Path("in").mkdir()
        for name in ("IM0001", "DICOMDIR"):
            shutil.copy(path, f"in/{name}")
        assert run("median", "in", "out", "--size", 3).status == 0
        assert {name for name in files() if name.startswith("out")} == {"out/IM0001"}
        assert run("median", "in/IM0001", "one.dcm", "--size", 3).status == 0

    def test_notes_and_warnings_name_the_file(self, run: Run) -> None:
        path = get_testdata_file("J2K_pixelrep_mismatch.dcm", download=False)
        result = run("median", path, "b.dcm", "--size", 3)
        assert result.status == 0
        assert result.err == f"fastmath: {path}: note: the pixels are written uncompressed\n"

    def test_warnings_and_log_records_become_notes(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def talk(*arguments: Any) -> None:
            warnings.warn("the header\nis odd", UserWarning, stacklevel=1)
            warnings.warn("call me otherwise", DeprecationWarning, stacklevel=1)
            logging.getLogger("some.library").error("page %d is odd", 7)

        save("a.npy")
        monkeypatch.setattr("fastmath.cli.files.filter_pictures", talk)
        result = run("median", "a.npy", "b.npy", "--size", 3)
        assert result.err.splitlines() == [
            "fastmath: a.npy: note: page 7 is odd",
            "fastmath: a.npy: note: the header is odd",
        ]

    def test_every_format(self, run: Run) -> None:
        save("in/a.npy")
        Path("in/a.png").write_bytes(imagecodecs.png_encode(IMAGE))
        tifffile.imwrite("in/a.tif", IMAGE)
        fits.PrimaryHDU(IMAGE).writeto("in/a.fits")
        path = get_testdata_file("CT_small.dcm", download=False)
        assert isinstance(path, str)
        shutil.copy(path, "in/a.dcm")
        result = run("median", "in", "out", "--size", 3)
        assert (result.status, result.err) == (0, "")
        wanted = median_filter(IMAGE, 3)
        assert np.array_equal(np.load("out/a.npy"), wanted)
        assert np.array_equal(imagecodecs.png_decode(Path("out/a.png").read_bytes()), wanted)
        assert np.array_equal(tifffile.imread("out/a.tif"), wanted)
        assert np.array_equal(fits.getdata("out/a.fits"), wanted)
        before, after = dcmread("in/a.dcm"), dcmread("out/a.dcm")
        assert np.array_equal(after.pixel_array, median_filter(before.pixel_array, 3))
        version = f"median 3x3 (fastmath {fastmath.__version__})"
        assert after.DerivationDescription == version

    def test_preview(self, run: Run) -> None:
        save("a.npy", np.stack([IMAGE] * 3)), save("b.npy")
        result = run("median", "a.npy", "b.npy", "out", "--size", 3, "--preview", "see/it.png")
        assert result.status == 0
        with Pillow.open("see/it.png") as sheet:
            assert sheet.width > sheet.height / 2
        assert files() == {"a.npy", "b.npy", "out/a.npy", "out/b.npy", "see/it.png"}

    def test_a_bar_on_a_terminal(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        save("a.npy"), save("bad.npy", np.zeros(3))
        result = run("median", "a.npy", "bad.npy", "out", "--size", 3)
        assert "->" not in result.out
        assert "filter" in result.err and "2/2" in result.err
        assert "no picture" in result.err


class TestOptions:
    def test_fits_with_nans(self, run: Run) -> None:
        image = IMAGE.astype(">f4")
        image[3:6, 4], image[10, 10] = np.nan, np.nan
        fits.PrimaryHDU(image).writeto("a.fits")
        result = run("median", "a.fits", "last.fits", "--size", 3)
        assert "fastmath: a.fits: note: 4 pixels are NaN, which is larger than any number" in result.err
        for policy in ("omit", "propagate", "last"):
            for keep in ((), ("--keep-nan",)):
                result = run("median", "a.fits", "b.fits", "--size", 3, "--nan-policy", policy, "--force", *keep)
                assert (result.status, result.err) == (0, "")
                expected = fastmath.median_filter(image, 3, nan_policy=policy, keep_nan=bool(keep))
                np.testing.assert_array_equal(fits.getdata("b.fits"), expected)
        result = run("median", "a.fits", "c.fits", "--size", 3, "--nan-policy", "raise")
        assert result.status == 1 and result.err.startswith("fastmath: a.fits: 4 pixels are NaN\n")
        assert "c.fits" not in files()

    def test_fits_with_blank_pixels(self, run: Run) -> None:
        image = IMAGE.astype(">i4")
        image[5, 5:8] = -1
        unit = fits.PrimaryHDU(image)
        unit.header["BLANK"] = -1
        unit.writeto("a.fits")
        assert "note: 3 pixels are BLANK" in run("median", "a.fits", "b.fits", "--size", 3).err
        stored = {"do_not_scale_image_data": True}
        for keep in ((), ("--keep-nan",)):
            run("median", "a.fits", "b.fits", "--size", 3, "--nan-policy", "omit", "--force", *keep)
            expected = fastmath.median_filter(image, 3, mask=image == -1)
            if keep:
                expected[image == -1] = -1
            np.testing.assert_array_equal(fits.getdata("b.fits", **stored), expected)

    def test_a_mask_for_all_pages_or_each(self, run: Run) -> None:
        pages = np.stack([IMAGE, IMAGE[::-1], IMAGE.T.reshape(IMAGE.shape)])
        tifffile.imwrite("a.tif", pages, photometric="minisblack")
        masks = np.random.default_rng(0).random(pages.shape) < 0.2
        Path("one.png").write_bytes(imagecodecs.png_encode(masks[0].astype(np.uint8) * 255))
        np.save("each.npy", masks)
        for name, given in (("one.png", masks[:1]), ("each.npy", masks)):
            result = run("median", "a.tif", "b.tif", "--size", 5, "--mask", name, "--mode", "truncate", "--force")
            assert (result.status, result.err) == (0, "")
            expected = fastmath.median_filter(pages, 5, axes=(1, 2), mask=given, mode="truncate")
            np.testing.assert_array_equal(tifffile.imread("b.tif"), expected)

    @pytest.mark.parametrize("mask, status, reason", [
        ("none.png", 2, "error: the mask none.png: no such file"),
        ("broken.tif", 2, "error: the mask broken.tif: "),
        ("colour.npy", 2, "error: the mask colour.npy is in colour"),
        ("small.npy", 1, "a.npy: the mask is 3 x 3, and the picture 20 x 24"),
        ("many.npy", 1, "a.npy: the mask has 2 pictures, and the image 1"),
    ])  # fmt: skip
    def test_masks_that_do_not_fit(self, run: Run, mask: str, status: int, reason: str) -> None:
        save("a.npy")
        Path("broken.tif").write_text("no image")
        for name, shape in (("colour", (20, 24, 3)), ("small", (3, 3)), ("many", (2, 20, 24))):
            save(f"{name}.npy", np.zeros(shape, np.uint8))
        result = run("median", "a.npy", "b.npy", "--size", 3, "--mask", mask)
        assert result.status == status
        assert result.err.startswith(f"fastmath: {reason}")
        assert "b.npy" not in files()

    def test_percentiles_and_shapes(self, run: Run) -> None:
        path = get_testdata_file("CT_small.dcm", download=False)
        result = run("median", path, "b.dcm", "--size", 5, "--shape", "disk", "--percentile", 90)
        assert result.status == 0
        before, after = dcmread(path), dcmread("b.dcm")
        disk = np.hypot(*np.ogrid[-2:3, -2:3]) <= 2
        expected = fastmath.percentile_filter(before.pixel_array, 90, footprint=disk)
        np.testing.assert_array_equal(after.pixel_array, expected)
        assert (after.RescaleSlope, after.RescaleIntercept) == (before.RescaleSlope, before.RescaleIntercept)
        assert after.DerivationDescription.startswith("percentile 90 5x5 disk (fastmath ")

    def test_outliers(self, run: Run) -> None:
        image = np.full((9, 9), 1000, ">u2")
        image[2, 2], image[6, 6] = 60000, 0
        tifffile.imwrite("a.tif", image, byteorder=">")
        for which, count in (("both", 2), ("bright", 1), ("dark", 1)):
            options = ("--size", 3, "--threshold", 500, "--which", which, "--force")
            result = run("outliers", "a.tif", "b.tif", *options)
            assert f", {count} pixel" in result.out and "replaced in" in result.out
            expected = fastmath.remove_outliers(image, 3, 500, which=which)
            np.testing.assert_array_equal(tifffile.imread("b.tif"), expected)
        save("noise.npy")
        run("outliers", "noise.npy", "b.npy", "--size", 5, "--threshold", 2, "--units", "mad")
        expected = fastmath.remove_outliers(IMAGE, 5, 2, units="mad")
        np.testing.assert_array_equal(np.load("b.npy"), expected)

    @pytest.mark.parametrize("step", [0.25, -0.25, 4])
    def test_thresholds_are_in_the_units_of_the_image(self, run: Run, step: float) -> None:
        """Stored numbers are brought to these by BSCALE in FITS and by RescaleSlope in DICOM."""
        image = (IMAGE % 200).astype(np.int16) - np.int16(100)
        unit = fits.PrimaryHDU(image)
        unit.header.update(BSCALE=step, BZERO=7)
        unit.writeto("a.fits")
        dataset = dcmread(get_testdata_file("CT_small.dcm", download=False))
        dataset.RescaleSlope = step
        dataset.save_as("a.dcm")
        for options in ({"which": "bright"}, {"which": "dark"}, {"which": "bright", "units": "mad"}):
            threshold = 3 if "units" in options else 25
            arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
            for name in ("fits", "dcm"):
                run("outliers", f"a.{name}", f"b.{name}", "--size", 3, "--threshold", threshold, "--force", *arguments)
            scaled = step * image.astype(float)
            _, replaced = fastmath.remove_outliers(scaled, 3, threshold, return_mask=True, **options)
            changed = fits.getdata("b.fits", do_not_scale_image_data=True) != image
            np.testing.assert_array_equal(changed, replaced)
            scaled = step * dataset.pixel_array.astype(float)
            _, replaced = fastmath.remove_outliers(scaled, 3, threshold, return_mask=True, **options)
            np.testing.assert_array_equal(dcmread("b.dcm").pixel_array != dataset.pixel_array, replaced)
            assert replaced.any()

    def test_thresholds_of_frames_that_are_scaled_each(self, run: Run) -> None:
        dataset = dcmread(get_testdata_file("CT_small.dcm", download=False))
        dataset.NumberOfFrames = 2
        dataset.PixelData = 2 * dataset.PixelData
        slopes = [Dataset(), Dataset()]
        for group, slope in zip(slopes, (2, 0.5), strict=True):
            group.PixelValueTransformationSequence = [Dataset()]
            group.PixelValueTransformationSequence[0].RescaleSlope = slope
        dataset.PerFrameFunctionalGroupsSequence = slopes
        dataset.save_as("each.dcm")
        assert read(Path("each.dcm")).steps == {0: 2, 1: 0.5}
        del dataset.PerFrameFunctionalGroupsSequence
        dataset.SharedFunctionalGroupsSequence = slopes[:1]
        dataset.save_as("all.dcm")
        assert read(Path("all.dcm")).steps == {0: 2, 1: 2}
        dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence[0].RescaleSlope = 0
        dataset.save_as("none.dcm")
        assert read(Path("none.dcm")).steps == {}

    @pytest.mark.parametrize("arguments", [
        "outliers a.npy b.npy --size 3", "outliers a.npy b.npy --size 3 --threshold -1",
        "outliers a.npy b.npy --size 3 --threshold nan", "outliers a.npy b.npy --size 3 --threshold much",
        "median a.npy b.npy --size 3 --percentile 101", "median a.npy b.npy --size 3 --percentile nan",
        "median a.npy b.npy --size 3 --shape star", "median a.npy b.npy --size 3 --nan-policy drop",
    ])  # fmt: skip
    def test_mistakes_take_one_line(self, run: Run, arguments: str) -> None:
        save("a.npy")
        result = run(*arguments.split())
        assert result.status == 2 and "b.npy" not in files()
        assert result.err.startswith("fastmath: error: ") and len(result.err.splitlines()) == 1


class TestTrouble:
    """A file that fails is named with the reason, and the others are done."""

    @pytest.mark.parametrize(
        ("name", "make", "reason"),
        [
            ("bad.png", lambda path: path.write_bytes(b"nothing"), "not a PNG file"),
            ("bad.tif", lambda path: path.write_bytes(b"nothing"), "TiffFileError: not a TIFF"),
            ("bad.dcm", lambda path: path.write_bytes(b"nothing"), "InvalidDicomError: File is"),
            ("bad.fits", lambda path: path.write_bytes(b"nothing"), "OSError: "),
            ("bad.npy", lambda path: np.save(path, np.zeros((3, 3), complex)), "complex128"),
            ("bad.txt", lambda path: path.write_text("hello"), "unknown kind of file"),
            ("bad.npz", lambda path: None, "no such file"),
            ("dir.npy", lambda path: path.symlink_to("nowhere"), "no such file"),
        ],
    )
    def test_a_bad_file_among_good_ones(self, run: Run, name: str, make: Callable[[Path], Any], reason: str) -> None:
        save("a.npy"), save("z.npy")
        make(Path(name))
        result = run("median", "a.npy", name, "z.npy", "out", "--size", 3)
        assert result.status == 1
        line, count = result.err.splitlines()
        assert line.startswith(f"fastmath: {name}: ")
        assert reason in line
        assert count == "fastmath: 1 file failed"
        assert is_filtered("out/a.npy") and is_filtered("out/z.npy")
        assert {path for path in files() if path.startswith("out")} == {"out/a.npy", "out/z.npy"}

    def test_an_existing_output_needs_force(self, run: Run) -> None:
        save("a.npy"), save("b.npy"), save("out/a.npy", IMAGE * 0)
        result = run("median", "a.npy", "b.npy", "out", "--size", 3)
        assert result.status == 1
        assert "fastmath: a.npy: out/a.npy exists; --force overwrites it" in result.err
        assert (np.load("out/a.npy") == 0).all()
        assert is_filtered("out/b.npy")
        assert run("median", "a.npy", "b.npy", "out", "--size", 3, "--force").status == 0
        assert is_filtered("out/a.npy")

    @pytest.mark.parametrize(("package", "name"), [("pydicom", "a.dcm"), ("tifffile", "a.tif")])
    def test_a_missing_package_concerns_its_files_only(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, package: str, name: str
    ) -> None:
        save("a.npy")
        Path(name).write_bytes(b"")
        monkeypatch.setitem(sys.modules, package, None)
        module = {"a.dcm": "dicom", "a.tif": "tiff"}[name]
        monkeypatch.delitem(sys.modules, f"fastmath.images.{module}", raising=False)
        result = run("median", name, "a.npy", "out", "--size", 3)
        assert result.status == 1
        advice = f"needs the package {package}: pip install 'fastmath-native[cli]'"
        assert result.err.splitlines()[0] == f"fastmath: {name}: {advice}"
        assert is_filtered("out/a.npy")

    @pytest.mark.parametrize("package", ["typer", "rich"])
    def test_without_its_packages_the_command_says_what_to_install(self, tmp_path: Path, package: str) -> None:
        script = (
            f"import runpy, sys; sys.modules[{package!r}] = None; runpy.run_module('fastmath', run_name='__main__')"
        )
        command = [sys.executable, "-c", script, "info"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        advice = f"fastmath: needs the package {package}: pip install 'fastmath-native[cli]'\n"
        assert (result.returncode, result.stdout, result.stderr) == (1, "", advice)

    def test_a_failure_while_writing_leaves_nothing(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        save("a.npy"), save("b.npy"), save("b/old.npy")

        def fail(self: Any, file: BinaryIO, derivation: str) -> None:
            file.write(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("fastmath.images.npy.NpyImage.write", fail)
        result = run("median", "a.npy", "out.npy", "--size", 3)
        assert result.status == 1
        assert result.err.splitlines()[0] == "fastmath: a.npy: No space left on device"
        assert files() == {"a.npy", "b.npy", "b/old.npy"}

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs files it may not read")
    def test_what_may_not_be_read(self, run: Run) -> None:
        save("in/a.npy"), save("in/b.npy"), save("shut/c.npy")
        Path("in/plain").write_text("no suffix")
        for name in ("in/a.npy", "in/plain", "shut"):
            Path(name).chmod(0)
        result = run("median", "in", "out", "--size", 3)
        assert result.status == 1
        assert result.err.splitlines()[:2] == [
            f"fastmath: {name}: Permission denied" for name in ("in/a.npy", "in/plain")
        ]
        assert is_filtered("out/b.npy")
        assert run("median", "shut", "out", "--size", 3).status == 2
        Path("shut").chmod(0o700)

    def test_an_unwritable_place_is_a_reason(self, run: Run) -> None:
        save("a.npy")
        Path("file").write_text("in the way")
        result = run("median", "a.npy", "file/out.npy", "--size", 3)
        assert result.status == 1
        assert result.err.startswith("fastmath: a.npy: ")
        assert len(result.err.splitlines()) == 2

    @pytest.mark.parametrize("where", ["filter_pictures", "write"])
    def test_ctrl_c(self, run: Run, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        for name in "abc":
            save(f"in/{name}.npy")
        calls = []

        def interrupt(*arguments: Any) -> None:
            calls.append(arguments)
            if len(calls) == 2:
                raise KeyboardInterrupt

        target = {
            "filter_pictures": "fastmath.cli.files.filter_pictures",
            "write": "fastmath.images.npy.NpyImage.write",
        }
        monkeypatch.setattr(target[where], interrupt)
        result = run("median", "in", "out", "--size", 3)
        assert (result.status, result.err) == (130, "fastmath: interrupted\n")
        assert {name for name in files() if name.startswith("out")} == {"out/a.npy"}

    @pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
    def test_the_interrupt_signal(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", IMAGE)
        script = (
            "import time, fastmath.cli.files as job\n"
            "def wait(*arguments):\n"
            "    print('ready', flush=True)\n"
            "    time.sleep(60)\n"
            "job.filter_pictures = wait\n"
            "from fastmath.cli import main\n"
            "main()\n"
        )
        command = [sys.executable, "-c", script, "median", "a.npy", "b.npy", "--size", "3"]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (130, "fastmath: interrupted\n")
        assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]

    @pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
    def test_a_reader_that_leaves(self, tmp_path: Path) -> None:
        for index in range(3):
            np.save(tmp_path / f"{index}.npy", IMAGE)
        end, start = os.pipe()
        os.close(end)
        try:
            command = [sys.executable, "-m", "fastmath", "median", ".", "out", "--size", "3"]
            result = subprocess.run(command, cwd=tmp_path, stdout=start, stderr=subprocess.PIPE, text=True, timeout=60)
        finally:
            os.close(start)
        assert (result.returncode, result.stderr) == (1, "")
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.npy"]

    @pytest.mark.skipif(sys.platform != "linux", reason="names that are not text")
    def test_a_name_that_is_not_text(self, run: Run) -> None:
        name = os.fsdecode(b"\xff.npy")
        save(name)
        result = run("median", name, "out/", "--size", 3)
        assert (result.status, result.err) == (0, "")
        assert is_filtered(f"out/{name}")


class TestRefusals:
    """What is asked for wrongly gives one line and the status 2, and nothing is done."""

    @pytest.fixture(autouse=True)
    def inputs(self, run: Run) -> None:
        for name in ("a.npy", "in/a.npy", "in/b.npy", "other/a.npy"):
            save(name)
        Path("empty").mkdir()
        Path("text.txt").write_text("hello")
        Path("link.npy").symlink_to("a.npy")
        Path("hard.npy").hardlink_to("a.npy")
        Path("see.png").write_bytes(b"old")

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            ("median", "Missing argument"),
            ("median a.npy", "Missing argument"),
            ("median a.npy b.npy", "Missing option '--size'"),
            ("median a.npy b.npy --size 0", "smallest window is 1"),
            ("median a.npy b.npy --size 3x0", "smallest window is 1"),
            ("median a.npy b.npy --size 9999999999", "rows x columns like 3x7"),
            ("median a.npy b.npy --size five", "'five' is neither a number like 5"),
            ("median a.npy b.npy --size 3x3x3", "rows x columns like 3x7"),
            ("median a.npy b.npy --size -3", "'-3' is neither"),
            ("median a.npy b.npy --size 2.5", "'2.5' is neither"),
            ("median a.npy b.npy --size 3 --mode mirrored", "'mirrored' is not one of"),
            ("median a.npy b.npy --size 3 --workers 0", "0 is neither a number of threads"),
            ("median a.npy b.npy --size 3 --workers two", "'--workers'"),
            ("median a.npy b.npy --size 3 --sise 4", "No such option: --sise"),
            ("median a.npy a.npy --size 3 --force", "a.npy is the same file as the input a.npy"),
            ("median a.npy ./in/../a.npy --size 3 --force", "same file"),
            ("median a.npy link.npy --size 3 --force", "same file"),
            ("median link.npy a.npy --size 3 --force", "same file"),
            ("median a.npy hard.npy --size 3 --force", "same file"),
            ("median a.npy . --size 3 --force", "same file"),
            ("median in in --size 3 --force", "the same folder in"),
            ("median in in/. --size 3 --force", "the same folder in"),
            ("median in other/a.npy . --size 3 --force", "same file as the input in/a.npy"),
            ("median a.npy other/a.npy out --size 3", "would both be written to out/a.npy"),
            ("median a.npy in/b.npy text.txt --size 3", "text.txt is a file, and a folder"),
            ("median a.npy text.txt/ --size 3", "text.txt is a file, and a folder"),
            ("median in a.npy --size 3", "a.npy is a file, and a folder"),
            ("median empty out --size 3", "no images in empty"),
            ("median a.npy b.png --size 3", "b.png has to end in .npy like a.npy"),
            ("median a.npy out --size 3", "out has to end in .npy like a.npy"),
            ("median a.npy b.npy --size 3 --preview see.jpg", "see.jpg has to be a .png file"),
            ("median a.npy b.npy --size 3 --preview see.png", "see.png exists"),
            ("median a.npy out/ --size 3 --preview out/a.npy", "has to be a .png file"),
            ("medium a.npy b.npy", "No such command 'medium'"),
            ("--bogus", "No such option"),
        ],
    )
    def test_one_line(self, run: Run, arguments: str, reason: str) -> None:
        before = {name: Path(name).read_bytes() for name in files()}
        status, out, err = run(*arguments.split())
        assert (status, out) == (2, "")
        assert err.startswith("fastmath: error: ")
        assert reason in err
        assert err.count("\n") == 1
        assert {name: Path(name).read_bytes() for name in files()} == before
        assert not Path("out").exists()

    def test_the_preview_is_no_image_of_the_job(self, run: Run) -> None:
        Pillow.fromarray(IMAGE.astype(np.uint8)).save("a.png")
        for preview in ("a.png", "b.png", "./b.png"):
            options = ("--size", 3, "--force", "--preview", preview)
            status, _, err = run("median", "a.png", "b.png", *options)
            assert status == 2
            assert "is also an image to read or write" in err

    @given(text=st.text(max_size=6))
    def test_no_size_gives_a_traceback(self, text: str) -> None:
        import typer

        from fastmath.cli.app import _window

        try:
            rows, columns = _window(text)
        except typer.BadParameter as error:
            assert repr(text) in str(error)
        else:
            assert rows >= 1 and columns >= 1


class TestOtherCommands:
    def test_version(self, run: Run) -> None:
        assert run("--version") == Result(0, f"fastmath {fastmath.__version__}\n", "")

    @pytest.mark.parametrize("arguments", [[], ["--help"], ["median", "--help"]])
    def test_help(self, run: Run, arguments: list[str]) -> None:
        status, out, err = run(*arguments)
        assert (status, err) == (0, "")
        assert "Usage: fastmath" in out

    def test_help_shows_examples(self, run: Run) -> None:
        assert "fastmath median slice.dcm clean.dcm --size 5" in run("median", "--help").out

    def test_info(self, run: Run) -> None:
        status, out, err = run("info")
        assert (status, err) == (0, "")
        assert fastmath.__version__ in out
        for level in (fastmath.simd.active, *fastmath.simd.compiled):
            assert level in out

    def test_info_reads_the_extras_of_the_distribution(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        requirements = [
            "numpy>=1.26",
            'numpy>=2; extra == "fine"',
            'no-such-thing[fast]>=1; extra == "broken"',
            "scipy ; platform_system != 'Windows' and extra == 'fine'",
            'fastmath-native[fine,broken]; extra == "all"',
        ]
        monkeypatch.setattr(metadata, "requires", lambda name: requirements)
        lines = [line.split(maxsplit=2) for line in run("info").out.splitlines()]
        extras = {line[1]: line[2].strip() for line in lines if line[0] == "extra"}
        assert extras == {"fine": "complete", "broken": "missing: no-such-thing"}
