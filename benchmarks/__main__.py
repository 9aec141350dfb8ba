"""`make bench`: every measurement of the project, one after the other.

Each module beside this one has a ``main(arguments)`` and can be run alone with its own options, for example
``python -m benchmarks.linkage --people 20000``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Run every benchmark of the folder, or those named on the command line."""
    here = Path(__file__).parent
    known = sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_"))
    chosen = sys.argv[1:] or known
    for name in chosen:
        print(f"== {name}", flush=True)
        import_module(f"benchmarks.{name}").main([])


if __name__ == "__main__":
    main()
