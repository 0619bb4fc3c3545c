"""No route leaks."""

import os
import subprocess
import sys
from pathlib import Path


def test_leaks() -> None:
    """In a process whose every allocation is malloc's, which the leak detector counts."""
    environment = os.environ | {"PYTHONMALLOC": "malloc", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "unittest", "isolated_leaks"]
    process = subprocess.run(
        command, cwd=Path(__file__).parent, env=environment, capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stderr
