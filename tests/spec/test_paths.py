"""A project works wherever its folder is, whatever signs stand in the path."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import polars as pl

from tests.cli.test_commands import run

SIGNS = 'año [2024] *x\'y? "z"'


def test_every_command_works_in_a_folder_whose_name_holds_signs_that_mean_something_elsewhere(
    tmp_path: Path,
) -> None:
    place = tmp_path / SIGNS
    place.mkdir()
    country, root = place / "país", str(place / "proyecto {1}")
    for arguments in (
        ["synth", str(country), "--people", "200", "--years", "2019-2021", "--seed", "3"],
        ["-C", str(place), "init", "proyecto {1}", "--country", "col"],
    ):
        ran = run("-q", *arguments)
        assert ran.code == 0, ran.err
    shutil.copytree(country / "extracts", Path(root) / "extracts" / SIGNS, dirs_exist_ok=True)
    truth, output = country / "truth", place / "salida.csv"
    for arguments in (
        ["check"],
        ["build"],
        ["flows", "--by", "sex", "-o", str(output)],
        ["sql", "select source, count(*) as n from mention group by 1", "-o", str(place / "o.parquet")],
        ["rejected", "-o", str(place / "rechazadas.csv")],
        ["evaluate", str(truth)],
        ["report", "--month", "2022-06"],
    ):
        ran = run("-C", root, *arguments)
        assert ran.code == 0, (arguments, ran.err)
    person = pl.read_csv(run("-C", root, "sql", "select person_id from event limit 1").out.encode()).item()
    explained = run("-C", root, "explain", person, "--svg", str(place / "p.svg"))
    assert explained.code == 0, explained.err
    cells = json.loads(run("-C", root, "flows", "--json").out)
    cell = run("-C", root, "explain", f"flow/{cells[0]['year']}/immigration/sex=1")
    assert cell.code == 0, cell.err
    crossings = place / "cruces.csv"
    run(
        "-C",
        root,
        "sql",
        "select person_id, movement_date as date, direction from movement",
        "-o",
        str(crossings),
    )
    until = ["--threshold", "365", "--window", "487", "--observed-until", "2021-12-31"]
    ran = run("classify", str(crossings), *until, "-o", str(place / "estados.csv"))
    assert ran.code == 0, ran.err
    with (place / "estados.csv").open(encoding="utf-8") as file:
        assert next(csv.reader(file))[0] == "person_id"
