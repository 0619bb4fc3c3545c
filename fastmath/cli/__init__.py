"""The command ``fastmath``."""

import os
import sys
from typing import TextIO

INTERRUPTED = 130


def main() -> None:
    """Run the command line; a mistake in it gives one line and the exit status 2."""
    try:
        for stream in (sys.stdout, sys.stderr):
            _print_any_file_name(stream)
        status = _run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("fastmath: interrupted", file=sys.stderr)
        status = INTERRUPTED
    except BrokenPipeError:
        # the reader has left; what is still buffered must not raise again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


def _run() -> int:
    try:
        import typer

        from fastmath.cli.app import app
        from fastmath.cli.plan import PlanError
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in ("typer", "rich"):
            raise
        advice = f"fastmath: needs the package {package}: pip install 'fastmath-native[cli]'"
        print(advice, file=sys.stderr)
        return 1
    try:
        status: int = app(prog_name="fastmath", standalone_mode=False) or 0
        if status == INTERRUPTED:  # typer has swallowed the exception
            raise KeyboardInterrupt
        return status
    except PlanError as error:
        message = str(error)
    except typer.TyperException as error:
        message = error.format_message()
    except BrokenPipeError:
        raise
    except OSError as error:  # a file or folder that cannot even be looked at
        message = f"{error.filename}: {error.strerror}"
    print(f"fastmath: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _print_any_file_name(stream: TextIO) -> None:
    """Show what the stream's encoding lacks as an escape, rather than fail on it."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
