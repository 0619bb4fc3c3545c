"""Filter the pictures of an image file."""

from fastmath import median_filter
from fastmath.images.image import Image, ImageError, Picture


def filter_pictures(
    image: Image, window: tuple[int, int], mode: str = "reflect", workers: int | None = None
) -> None:
    """Replace every pixel by the median of the window around it.

    Parameters
    ----------
    image : Image
        Its pictures are changed in place, each colour channel by itself.
    window : tuple of int
        Rows and columns of the window.
    mode : str, optional
        How the picture continues beyond its border, as in `fastmath.median_filter`.
    workers : int, optional
        Threads for each picture; -1 takes all cores, None one.

    Raises
    ------
    ImageError
        If the pixels are of a type that has no order.
    """
    for picture in image.pictures:
        if picture.dtype.kind not in "biuf":
            raise ImageError(f"pixels of the type {picture.dtype} cannot be put in order")
        for channel in channels(picture):
            median_filter(channel, window, output=channel, mode=mode, workers=workers)


def channels(picture: Picture) -> list[Picture]:
    """Split a picture into its channels.

    Parameters
    ----------
    picture : ndarray
        Of shape (rows, columns) or (rows, columns, channels).

    Returns
    -------
    list of ndarray
        Views of two dimensions.
    """
    if picture.ndim == 2:
        return [picture]
    return [picture[..., index] for index in range(picture.shape[-1])]
