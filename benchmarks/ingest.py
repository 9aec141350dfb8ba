"""Ingest against Polars alone: speed and memory on border crossings in CSV, in one run.

Polars reads the files and writes them to Parquet; the register reads every value, standardises names and documents,
points people at identities, keeps flawed rows aside, drops repeated records and proves its counts. Each runs in a
process of its own, over the same files.

    python -m benchmarks.ingest --rows 10000000

The crossings are those of synthetic countries with all their faults, one after another until there are enough, under
new keys and in the order of time. They are kept in a temporary folder for the next run.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

ALLOWED = 3.0
MAX_GIB = 1.5
PEOPLE = 60_000
YEARS = (2018, 2024)
FILES = "migracion_movimientos_*.csv"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and fail if ingest needs more than its share of time or memory."""
    parser = argparse.ArgumentParser(prog="benchmarks.ingest", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "register-bench-ingest")
    parser.add_argument("--child", choices=sorted(CHILDREN), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    folder = options.keep / str(options.rows)
    if options.child:
        CHILDREN[options.child](folder)
        return
    apart("prepare", options)
    alone, own = (apart(name, options) for name in ("polars", "register"))
    for name, found in (("Polars alone", alone), ("register", own)):
        print(
            f"{name}: {found['rows']:,} rows, {found['seconds']:.1f} s ({found['cpu_seconds']:.1f} s of processor), "
            f"{found['rows'] / found['seconds']:,.0f} rows a second, {found['peak_gib']:.2f} GiB at most"
        )
    ratio = own["seconds"] / alone["seconds"]
    print(f"ingest takes {ratio:.2f} times as long as Polars alone (at most {ALLOWED:.1f} allowed), "
          f"in processor time {own['cpu_seconds'] / alone['cpu_seconds']:.2f} times")  # fmt: skip
    if ratio > ALLOWED or own["peak_gib"] > MAX_GIB:
        sys.exit(1)


def prepare(folder: Path) -> None:
    """Write the crossings of as many countries as it takes, one file a year, unless they are there."""
    rows = int(folder.name)
    folder = folder / "extracts"
    done = folder / ".complete"
    if done.is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    countries: list[pl.DataFrame] = []
    missing = rows
    for country in _countries(folder / ".country"):
        countries.append(country.head(missing) if missing < country.height else country)
        missing -= countries[-1].height
        if missing <= 0:
            break
    shutil.rmtree(folder / ".country")
    moment = pl.col("FECHA_HORA").str.to_datetime("%d/%m/%Y %H:%M", strict=False)
    crossings = (
        pl.concat(countries).with_columns(moment.alias("__moment")).sort("__moment", maintain_order=True)
    )
    key = pl.format("M{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(9))
    crossings = crossings.with_columns(key.alias("ID_MOVIMIENTO"))
    for (year,), part in crossings.group_by(pl.col("__moment").dt.year(), maintain_order=True):
        text = part.drop("__moment").write_csv(separator=";", line_terminator="\r\n")
        (folder / FILES.replace("*", str(year))).write_bytes(text.encode("latin-1", errors="replace"))
    done.touch()


def _countries(folder: Path) -> Iterator[pl.DataFrame]:
    """Yield the crossings of one synthetic country after another, as text."""
    from register.synth import generate

    seed = 0
    while True:
        seed += 1
        shutil.rmtree(folder, ignore_errors=True)
        generate(folder, people=PEOPLE, seed=seed, years=YEARS)
        yield pl.concat(
            pl.read_csv(
                path.read_bytes().decode("latin-1").encode(),
                separator=";",
                infer_schema=False,
                quote_char=None,
            )
            for path in sorted((folder / "extracts").glob(FILES))
        )


def apart(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Run one side in a process of its own; return its rows, seconds, processor seconds and peak memory."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--child", name, "--rows", str(options.rows)]
    made = subprocess.run([*command, "--keep", str(options.keep)], check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(made.stdout.splitlines()[-1]) if made.stdout else {}
    return found


def alone(folder: Path) -> None:
    """Read and write with Polars and nothing else."""
    started, cpu = time.perf_counter(), time.process_time()
    target = folder / "alone.parquet"
    files = sorted((folder / "extracts").glob(FILES))
    pl.scan_csv(files, separator=";", infer_schema=False, encoding="utf8-lossy").sink_parquet(target)
    tell(pl.scan_parquet(target).select(pl.len()).collect().item(), started, cpu)


def ingest(folder: Path) -> None:
    """Ingest as a build does."""
    from register.console import Console
    from register.pipeline import build
    from register.project import init_project

    root = folder / "project"
    shutil.rmtree(root, ignore_errors=True)
    project = init_project(root, "col")
    for file in (folder / "extracts").glob(FILES):
        (project.extracts / file.name).hardlink_to(file)
    started, cpu = time.perf_counter(), time.process_time()
    report = build(project, Console("en", quiet=True), until="ingest")
    files = report.manifest["stages"]["ingest"]["files"]
    tell(sum(file["received"] for file in files), started, cpu)


CHILDREN = {"prepare": prepare, "polars": alone, "register": ingest}


def tell(rows: int, started: float, cpu: float) -> None:
    """Print what was measured, for the process that asked."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = {
        "rows": rows,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "peak_gib": peak,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
