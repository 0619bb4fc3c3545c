"""The filters look like SciPy's: signatures, docstrings, exports."""

import doctest
import inspect

import pytest
import scipy.ndimage

import fastmath
from fastmath import ndimage, outliers

FILTERS = sorted(ndimage.__all__)


MORE = {"workers": None, "mask": None, "nan_policy": "last", "keep_nan": False, "fill_value": None}
"""What each filter takes besides SciPy's parameters, with the defaults."""


@pytest.mark.parametrize("name", FILTERS)
def test_signatures_are_scipys_and_more(name: str) -> None:
    ours = inspect.signature(getattr(fastmath, name)).parameters
    scipys = inspect.signature(getattr(scipy.ndimage, name)).parameters
    more = MORE | ({"even": "upper"} if name == "median_filter" else {})
    assert list(ours) == [*scipys, *more]
    for parameter in scipys.values():
        assert ours[parameter.name].kind == parameter.kind
        assert ours[parameter.name].default == parameter.default
    for option, default in more.items():
        assert ours[option].kind is inspect.Parameter.KEYWORD_ONLY
        assert ours[option].default is default


@pytest.mark.parametrize("name", [*FILTERS, "mad_filter", "remove_outliers"])
def test_docstrings_describe_every_parameter(name: str) -> None:
    function = getattr(fastmath, name)
    text = inspect.getdoc(function)
    assert "{input}" not in text and "{options}" not in text
    parameters = text.split("Parameters\n")[1].split("\nReturns\n")[0]
    for parameter in inspect.signature(function).parameters:
        assert any(parameter in line.split(" : ")[0].split(", ") for line in parameters.splitlines() if " : " in line)
    for section in ("Returns", "Raises", "Notes", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text


@pytest.mark.parametrize("name", [*FILTERS, "mad_filter", "remove_outliers"])
def test_names_are_exported(name: str) -> None:
    assert name in fastmath.__all__
    assert getattr(fastmath, name).__name__ == name


@pytest.mark.parametrize("module", [ndimage, outliers], ids=lambda module: module.__name__)
def test_examples(module: object) -> None:
    failed, attempted = doctest.testmod(module)
    assert not failed and attempted
