"""How near the estimates come to the truth of synthetic countries, beside the plain rule.

python -m benchmarks.estimates --people 50000 --seeds 1 2 3

Prints for each seed and in all: mean size of the error of annual totals by direction in finished years, of the estimate
and of the plain rule, the share of cells by year, direction and sex whose 95% interval holds the truth, and by how much
the emigration of nationals and that of foreigners is off in all these years: errors of parts that cancel in totals.

With --backtest also how good first releases are (`register flows --backtest`, six vintages), by the model and by the
baseline: mean size of the error against the value of today, the same with its sign, and the shares of figures by
direction and sex whose 80% and 95% intervals hold that value.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

import duckdb

#: Years whose crossings are all decided when the series ends with the year 2024.
FINISHED = 2022
#: Cut-offs of a backtest, a quarter apart.
VINTAGES = 6


def main(arguments: list[str] | None = None) -> None:
    """Build a country for each seed and print its errors as JSON, then those of all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--years", default="2016-2024")
    parser.add_argument("--backtest", action="store_true")
    chosen = parser.parse_args(arguments)
    found = []
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(Path(folder), chosen.people, seed, chosen.years))
            if chosen.backtest:
                found[-1] |= first_releases(Path(folder))
        print(json.dumps({"seed": seed, **found[-1]}), flush=True)
    print(json.dumps({name: round(statistics.mean(one[name] for one in found), 4) for name in found[0]}))


def measure(folder: Path, people: int, seed: int, years: str) -> dict[str, float]:
    """Return the errors of one synthetic country."""
    from register.commands import write_synthetic_country
    from register.console import Console
    from register.pipeline import build
    from register.project import init_project

    write_synthetic_country(folder / "country", people, seed, years, None)
    project = init_project(folder / "project", "col")
    for extract in (folder / "country" / "extracts").iterdir():
        shutil.move(extract, project.extracts / extract.name)
    report = build(project, Console("en", quiet=True))
    flow, truth = report.path / "tables" / "statistical" / "flow.parquet", folder / "country" / "truth"
    with duckdb.connect() as con:
        row = con.execute(
            f"""
            with flow as (
                select year, direction, sex, sum(estimate) as estimate, sum(plain_estimate) as plain,
                    sqrt(sum(standard_error ** 2)) as error
                from '{flow}' where year <= {FINISHED} and sex in ('1', '2') group by all
            ),
            truth as (
                select year(event_date) as year, direction, sex, count(*) as n
                from '{truth}/event.parquet' join '{truth}/person.parquet' using (true_id) group by all
            ),
            cell as (select * from flow join truth using (year, direction, sex)),
            total as (
                select sum(estimate) / sum(n) - 1 as off, sum(plain) / sum(n) - 1 as plain_off
                from cell group by year, direction
            )
            select (select avg(abs(off)) from total), (select avg(off) from total),
                (select avg(abs(plain_off)) from total),
                (select avg((abs(estimate - n) <= 1.96 * error)::integer) from cell)
            """
        ).fetchall()[0]
        parts = con.execute(
            f"""
            with told as (
                select year, citizenship_code = 'COL' as is_national, estimate, 0 as n
                from '{flow}' where direction = 'emigration'
                union all
                select year(event_date), citizenship_code = 'COL', 0, 1
                from '{truth}/event.parquet' join '{truth}/person.parquet' using (true_id)
                where direction = 'emigration'
                    and year(event_date) >= (select min(year) from '{flow}')
            )
            select sum(estimate) / sum(n) - 1 from told
            where year <= {FINISHED} group by is_national is true order by is_national is true desc
            """
        ).fetchall()
    row = (*row, *(off for (off,) in parts))
    names = ("error", "bias", "plain_error", "covered_95", "national_emigration", "foreign_emigration")
    return {name: round(float(value), 4) for name, value in zip(names, row, strict=True)}


def first_releases(folder: Path) -> dict[str, float]:
    """Return how good the first releases of the country built in a folder were, by each way of estimating."""
    from register.commands import backtest_run
    from register.console import Console
    from register.project import load_project

    _, result = backtest_run(load_project(folder / "project"), None, VINTAGES, Console("en", quiet=True))
    return {f"{way}_{name}": value for way, told in result.summary.items() for name, value in told.items()}


if __name__ == "__main__":
    main()
