"""The same kernels by several routes from Python, one module each."""
