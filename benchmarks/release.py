"""How long a release takes and how much memory: all tables, all forms, both languages, by each method.

python -m benchmarks.release --project DIR            an existing project with a built run
python -m benchmarks.release --people 20000           a synthetic country, built first
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
from pathlib import Path

METHODS = ("round", "cell-key", "suppress")


def main(arguments: list[str] | None = None) -> None:
    """Publish in a process of its own for each method and print seconds, peak memory and cells."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--project", type=Path)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--methods", nargs="*", default=["round"], choices=METHODS)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        project = chosen.project or _build(Path(folder), chosen.people)
        for method in chosen.methods:
            print(json.dumps({"method": method, **_publish(project, method)}), flush=True)


def _build(folder: Path, people: int) -> Path:
    from register.commands import write_synthetic_country
    from register.console import Console
    from register.pipeline import build
    from register.project import init_project

    write_synthetic_country(folder / "country", people, 1, "2018-2024", None)
    project = init_project(folder / "project", "col")
    for extract in (folder / "country" / "extracts").iterdir():
        shutil.move(extract, project.extracts / extract.name)
    build(project, Console("en", quiet=True))
    return project.root


def _publish(project: Path, method: str) -> dict[str, object]:
    started = time.monotonic()
    code = "import sys; from register.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "--json", "-C", str(project), "report", "--method", method]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = child.stdout.read() if child.stdout else ""
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        return {"exit": os.waitstatus_to_exitcode(status)}
    outcome = json.loads(output)
    return {
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": usage.ru_maxrss // 1024,
        "cells": sum(outcome["cells"].values()),
        "withheld": outcome["withheld"],
        "steps": outcome["seconds"],
    }


if __name__ == "__main__":
    main()
