"""``python -m fastmath`` is the command ``fastmath``."""

from fastmath.cli import main

main()
