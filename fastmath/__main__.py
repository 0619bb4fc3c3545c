"""``python -m fastmath`` is the command ``fastmath``."""

from fastmath.cli import main

if __name__ == "__main__":
    main()
