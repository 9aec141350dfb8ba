"""How long it takes to say what a source is fit for, and how much memory: border crossings in CSV, nothing built.

    python -m benchmarks.assess --rows 10000000

The crossings are those of the benchmark of ingest. They are read, measured and judged, and both pages are written, in a
process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ingest import FILES, prepare

MAX_SECONDS = 120
MAX_GIB = 2.0
COMMAND = "import sys; from register.cli import main; main(sys.argv[1:])"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and fail if more time (in proportion to ten million rows) or memory is needed than promised."""
    parser = argparse.ArgumentParser(prog="benchmarks.assess", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "register-bench-ingest")
    options = parser.parse_args(arguments)
    folder = options.keep / str(options.rows)
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder)
    found = measure(folder)
    print(
        f"{found['rows']:,} rows assessed in {found['seconds']:.1f} s ({found['cpu_seconds']:.1f} s of processor), "
        f"{found['rows'] / found['seconds']:,.0f} rows a second, {found['peak_gib']:.2f} GiB at most"
    )
    allowed = MAX_SECONDS * max(1.0, found["rows"] / 10_000_000)
    print(f"allowed: {allowed:.0f} s on two processors, {MAX_GIB:.1f} GiB")
    if found["seconds"] > allowed or found["peak_gib"] > MAX_GIB:
        sys.exit(1)


def measure(folder: Path) -> dict[str, float]:
    """Assess the crossings in a process of its own."""
    from register.project import init_project

    root = folder / "assessed"
    shutil.rmtree(root, ignore_errors=True)
    project = init_project(root, "col")
    for file in (folder / "extracts").glob(FILES):
        (project.extracts / file.name).hardlink_to(file)
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "--json", "-C", str(root), "assess", "--name", "bench"],
        stdout=subprocess.PIPE,
        text=True,
    )
    output = child.stdout.read() if child.stdout else ""
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"assess failed: {os.waitstatus_to_exitcode(status)}")
    return {
        "rows": sum(source["received"] for source in json.loads(output)["sources"]),
        "seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_gib": usage.ru_maxrss / 2**20,
    }


if __name__ == "__main__":
    main()
