"""A build killed by the system, wherever it is, is completed by the next one with the same tables."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kit import build_project, make_project, sorted_rows, tables
from kit.country import FILES, built_country

from register.run import find_run


def wait_for(log: Path, stage: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a build has begun a stage."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        lines = log.read_text("utf-8").splitlines() if log.is_file() else []
        if any(json.loads(line).get("stage") == stage for line in lines if line.endswith("}")):
            return
        time.sleep(0.005)
    pytest.fail(f"the build never began {stage}")


@pytest.mark.parametrize(("stage", "seconds"), [("ingest", 0.3), ("link", 0.4), ("events", 0.05)])
def test_a_killed_build_is_completed_by_the_next(tmp_path: Path, stage: str, seconds: float) -> None:
    project = make_project(tmp_path / "project", FILES)
    code = "from register.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "-q", "-C", str(project.root), "build", "--run", "first"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(project.runs / "first" / "log.jsonl", stage, process)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() in (-signal.SIGKILL, 0)
    build_project(project, run_name="first")
    expected = {path.stem: sorted_rows(path) for path in tables(built_country().report.path)}
    assert {path.stem: sorted_rows(path) for path in tables(find_run(project.runs).path)} == expected
    assert build_project(project).report.done == []
