"""Training and accuracy on a synthetic country whose truth is known."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import duckdb
import pytest
from kit.linkage import country, rules

from register.errors import QualityError
from register.link.declaration import load_rules
from register.link.rules import Level, Rules, untrained
from register.link.train import TrainReport, train, write
from register.synth.evaluate import Evaluation, evaluate


def connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"create view identity as from '{country()[0]}/identified/identity.parquet'")
    return con


@cache
def trained() -> TrainReport:
    return train(connection(), quick())


@cache
def quick() -> Rules:
    """The shipped rules, trained on fewer random pairs."""
    return replace(rules(), training=replace(rules().training, pairs=3e5))


@cache
def found() -> Evaluation:
    return evaluate(*country())


def test_shipped_weights_find_the_right_people() -> None:
    assert found().precision >= 0.9995
    assert found().recall >= 0.995
    assert found().exact >= 0.99


def test_training_gives_every_level_a_weight() -> None:
    assert untrained(replace(rules(), weights=trained().weights)) == []
    assert all(session.converged for session in trained().sessions)


def test_training_finds_weights_near_those_shipped() -> None:
    """The shipped weights were trained on another country: large moves would mean that they do not travel."""
    weighty = [
        move for move in trained().moved if move.before is not None and abs(move.before - move.after) > 3
    ]
    assert {f"{move.concept}.{move.level}" for move in weighty} <= {
        # levels so rare that 2,000 people show a handful of pairs
        "document.different",
        "surname_1.within_0.9",
        "surname_2.within_0.9",
    }


def test_training_is_written_as_text_that_reads_back(tmp_path: Path) -> None:
    copy = tmp_path / "people.toml"
    shutil.copy(rules().path, copy)
    write(trained(), load_rules(copy))
    again = load_rules(copy)
    assert again.weights == trained().weights
    lines = copy.with_suffix(".weights.toml").read_text("utf-8").splitlines()
    assert all(len(line) < 120 for line in lines)
    frequencies = copy.with_suffix(".frequencies.csv").read_text("utf-8").splitlines()
    assert frequencies[0] == "concept,value,frequency"
    assert frequencies[1:] == sorted(frequencies[1:], key=lambda line: frequencies.index(line))


def test_training_twice_gives_the_same_text() -> None:
    again = train(connection(), quick())
    assert again.weights_text == trained().weights_text
    assert again.frequencies_text == trained().frequencies_text


def test_a_level_that_no_data_show_is_refused_and_nothing_is_returned() -> None:
    name = rules().compares[0]
    impossible = Level("within_1.5", "NUMBER", threshold=1.5)
    odd = replace(quick(), compares=(replace(name, levels=(*name.levels, impossible)), *rules().compares[1:]))
    with pytest.raises(QualityError) as error:
        train(connection(), odd)
    assert error.value.key == "linkage_unseen"
    assert "surname_1.within_1.5" in str(error.value)
    assert "{ level = 1.5, m = …, u = … }" in str(error.value)


def test_sessions_that_estimate_one_level_are_compared() -> None:
    """Names are learnt where documents agree, documents where names do; what both sessions see is held together."""
    spread = {f"{found.concept}.{found.level}": found.bits for found in trained().spreads}
    assert "sex.exact" in spread
    assert "surname_1.exact" not in spread
    assert spread["sex.exact"] < 0.5
    assert list(spread.values()) == sorted(spread.values(), reverse=True)
