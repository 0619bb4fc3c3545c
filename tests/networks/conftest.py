"""The generator is not part of the package: the build runs it from its own folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "kernels" / "networks"))
