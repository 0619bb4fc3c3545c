"""The same kernels by several routes from Python, one module each.

Every module offers the functions of `FUNCTIONS`, with the same results and the same exceptions, and says
its `NAME` and its `FEATURES`. A module that is added here is measured and tested like the others.
"""

import pkgutil

FUNCTIONS = ("add", "dot_product", "fast_exp", "fast_sum", "median_filter", "numpy_sum", "parallel_sum")


def route_names() -> list[str]:
    """The names of the modules of this package that are routes."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")
