"""Speed and memory of the residence rule, against DuckDB sorting the same crossings by person and date.

    python -m benchmarks.residence                       # 10 million crossings of 1 million people, then 50 of 5
    python -m benchmarks.residence --people 200000       # a smaller one

Prints, for each size, the ratio of the two times, that of the two processor times (which other work on the machine
disturbs less) and the peak memory of classifying; the larger one spills under the same limit. Each is measured in a
process of its own, on one table in a DuckDB file; classifying includes putting the verdicts beside the rows in the
order received.
Journeys are made up: most people live on one side and travel about twice a year, one in ten moves now and then, one
in twenty crosses every few days.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from register.engine import Engine, literal

CROSSINGS_PER_PERSON = 10
OBSERVED_UNTIL = dt.date(2023, 12, 31)


def make_crossings(database: Path, people: int, memory_limit: str, threads: int) -> None:
    """Write ``crossing`` (person_id, date, direction) into a DuckDB file, in no order."""
    with Engine(
        memory_limit=memory_limit, threads=threads, temp_directory=database.parent / "spill"
    ) as engine:
        engine.run(f"attach {literal(database)} as bench")
        engine.run(
            f"""
            create table bench.crossing as
            with leg as (
                select
                    person,
                    turn,
                    (hash(person, turn) % 1000003) / 1000003.0 as draw,
                    hash(person, 'kind') % 100 as kind,
                    (hash(person, 'side') + turn) % 2 as side,
                    hash(person, 'start') % 1500 as start
                from range({people}) as people(person), range({CROSSINGS_PER_PERSON}) as turns(turn)
            ),
            dated as (
                select
                    person,
                    side,
                    start + sum(1 + cast(case
                        when kind < 5 then draw * 6
                        when kind < 15 then draw * 900
                        when side = kind % 2 then exp(1 + draw * 3.5)
                        else 30 + draw * 300
                    end as integer)) over (partition by person order by turn) as day
                from leg
            )
            select
                'P' || lpad(person::varchar, 9, '0') as person_id,
                date '2008-01-01' + day::integer as date,
                case when side = 1 then 'arrival' else 'departure' end as direction
            from dated
            order by hash(person, day)
            """
        )


def sort_crossings(engine: Engine) -> None:
    """Do what the rule is compared with."""
    engine.run("create table sorted as select * from source order by person_id, date")


def classify_crossings(engine: Engine) -> None:
    """Apply the rule and put the verdicts beside the rows."""
    from register.rules.classify import beside, rule_crossings
    from register.rules.residence import PRESETS
    from register.rules.source import number_rows

    engine.run("set preserve_insertion_order = true")
    source = number_rows(engine, None, of="bench.crossing", by="rowid")
    rule_crossings(engine, PRESETS["12-of-16"], OBSERVED_UNTIL, source)

    def put(cursor: duckdb.DuckDBPyConnection, numbered: tuple[int, str]) -> None:
        cursor.execute(f"create table classified_{numbered[0]} as {numbered[1]}")

    engine.side_by_side(put, enumerate(beside(engine, source)))


WORK = {"sort": sort_crossings, "classify": classify_crossings}


def measure(task: str, database: Path, memory_limit: str, threads: int) -> None:
    """Do one task and print its seconds and peak memory (for the process that asked)."""
    with Engine(
        memory_limit=memory_limit, threads=threads, temp_directory=database.parent / "spill"
    ) as engine:
        engine.run(f"attach {literal(database)} as bench (read_only)")
        engine.run("create view source as select * from bench.crossing")
        started, used = time.perf_counter(), time.process_time()
        WORK[task](engine)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak}))


def in_own_process(task: str, database: Path, memory_limit: str, threads: int) -> dict[str, float]:
    """Return the measurement of a task made in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.residence", "--task", task, "--database", str(database)]
    command += ["--memory-limit", memory_limit, "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def compare(people: int, options: argparse.Namespace) -> None:
    """Make crossings, measure both tasks on them, print."""
    with TemporaryDirectory(prefix="bench-residence-", dir=options.directory) as place:
        database = Path(place) / "crossings.duckdb"
        make_crossings(database, people, options.memory_limit, options.threads)
        sort, classify = (
            in_own_process(task, database, options.memory_limit, options.threads)
            for task in ("sort", "classify")
        )
    print(f"crossings        {people * CROSSINGS_PER_PERSON:,} of {people:,} people")
    for title, found in (("DuckDB's sort", sort), ("residence rule", classify)):
        print(
            f"{title:16} {found['seconds']:.1f} s ({found['cpu_seconds']:.1f} s of processors), "
            f"peak {found['peak_bytes'] / 1e9:.2f} GB"
        )
    print(
        f"ratio            {classify['seconds'] / sort['seconds']:.2f} (wanted: at most 3), "
        f"of processor time {classify['cpu_seconds'] / sort['cpu_seconds']:.2f}",
        flush=True,
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--memory-limit", default="3GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--directory", type=Path, help="where the made-up crossings and what spills go")
    parser.add_argument("--task", choices=tuple(WORK), help=argparse.SUPPRESS)
    parser.add_argument("--database", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.task:
        measure(options.task, options.database, options.memory_limit, options.threads)
        return
    for people in options.people:
        compare(people, options)


if __name__ == "__main__":
    main()
