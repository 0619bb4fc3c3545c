"""What libraries have to say about a file, to be told with its name."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class _Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())


@contextmanager
def collected_messages() -> Iterator[list[str]]:
    """Gather warnings and log records instead of letting libraries print them.

    Yields
    ------
    list of str
        Complete when the block ends. Messages meant for developers are left out.
    """
    messages: list[str] = []
    collector = _Collector(messages)
    logging.getLogger().addHandler(collector)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            yield messages
        messages.extend(str(warning.message) for warning in caught)
    finally:
        logging.getLogger().removeHandler(collector)
