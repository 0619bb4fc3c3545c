"""Write what the build knows and the installed package does not.

Called as ``describe_build.py built.py COMPILER FLAGS SOURCE ...``.
"""

import sys
from pathlib import Path


def main(output: str, compiler: str, flags: str, *sources: str) -> None:
    lines = sum(bool(line.strip()) for path in sources for line in Path(path).read_text().splitlines())
    text = f'"""The build."""\n\nCOMPILER = {compiler!r}\nFLAGS = {flags!r}\nCORE_LINES = {lines}\n'
    Path(output).write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
