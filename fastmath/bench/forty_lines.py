"""A median filter as one writes it first: nested lists, nested loops, ``sorted``.

It is the function that the speed-ups are measured against, so it is left as it is: right, plain
and slow. Windows reach over the border into the mirrored image, as with ``mode="reflect"``.
"""

from typing import TypeVar

Value = TypeVar("Value", int, float)


def mirror(index: int, length: int) -> int:
    """Fold an index beyond the border back into the image: -1 is 0, `length` is ``length - 1``."""
    while index < 0 or index >= length:
        if index < 0:
            index = -index - 1
        else:
            index = 2 * length - index - 1
    return index


def median_filter(image: list[list[Value]], size: int) -> list[list[Value]]:
    """Replace each pixel by the median of the square window around it.

    Parameters
    ----------
    image : list of list of numbers
        Rows of pixels, all of the same length.
    size : int
        Rows, and columns, of the window.

    Returns
    -------
    list of list of numbers
        A new image; element ``n // 2`` of the `n` sorted values of each window.
    """
    rows = len(image)
    columns = len(image[0])
    before = size // 2
    result = []
    for row in range(rows):
        new_row = []
        for column in range(columns):
            window = []
            for i in range(row - before, row - before + size):
                line = image[mirror(i, rows)]
                for j in range(column - before, column - before + size):
                    window.append(line[mirror(j, columns)])
            window.sort()
            new_row.append(window[len(window) // 2])
        result.append(new_row)
    return result
