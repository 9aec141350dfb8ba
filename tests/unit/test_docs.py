"""The documentation says what the program does: pages are current, links resolve, commands exist, examples hold."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer.main

from docs import generate
from register import build, query_tables
from register.assess.command import measure
from register.calibrate.declaration import load_spec
from register.cli import make_app
from register.console import Console
from register.errors import DeclarationError
from register.ingest.dates import DATE_REASONS
from register.ingest.declaration import NAME_LAYOUTS, load_source
from register.ingest.places import PLACE_HOW
from register.link.declaration import load_rules
from register.link.itinerary import RULES, load_itinerary
from register.link.rules import VOCABULARY
from register.locale import catalogue
from register.project import SETTINGS_FILE, Project, load_project
from register.schema import load_schema
from register.toml_file import read_toml
from tests.reference.residence import Crossing, History

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")],
)
#: Pages whose commands a reader is to type.
TOLD = [page for page in PAGES if page.name != "CHANGELOG.md"]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCE.findall(page.read_text("utf-8")) if language in languages]


def anchors(page: Path) -> set[str]:
    """The anchors that a reader on a Git forge finds: headings in small letters, spaces as hyphens."""
    text = FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_reference_pages_are_current() -> None:
    made = generate.pages()
    assert set(generate.REFERENCE.glob("*.md")) == set(made), "run `make docs`"
    stale = [named(path) for path, text in made.items() if path.read_text("utf-8") != text]
    assert not stale, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_resolve(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text("utf-8"))):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert not broken


def test_every_page_of_a_pair_has_the_same_shape() -> None:
    pairs = [
        (page, page.with_name(page.name.replace(".en.", ".es."))) for page in PAGES if ".en." in page.name
    ]
    pairs += [
        (ROOT / folder / "README.md", ROOT / folder / "README.es.md") for folder in ("", "examples/colombia")
    ]
    assert len(pairs) > 15
    for english, spanish in pairs:
        levels = [re.findall(r"^(#+) ", page.read_text("utf-8"), re.MULTILINE) for page in (english, spanish)]
        assert levels[0] == levels[1], named(english)
        fences = [
            [language for language, _ in FENCE.findall(p.read_text("utf-8"))] for p in (english, spanish)
        ]
        assert fences[0] == fences[1], named(english)


def options(command: Any) -> dict[str, bool]:
    """The options of a command: name to whether it takes a value."""
    return {
        name: not getattr(parameter, "is_flag", False)
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("-")
    }


def check_command(words: list[str]) -> None:
    """Parse a command line by hand against the commands that there are; fail on a word that none of them knows."""
    group = typer.main.get_command(make_app("en"))
    command, known = group, options(group) | {"--help": False}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word.startswith("-"):
            name = word.partition("=")[0]
            assert name in known, f"no option {name}: register {shlex.join(words)}"
            if known[name] and "=" not in word:
                assert queue, f"option {name} lacks its value"
                queue.pop(0)
        elif hasattr(command, "commands"):
            assert word in command.commands, f"no command {word}: register {shlex.join(words)}"
            command = command.commands[word]
            known |= options(command)


def command_lines(page: Path) -> list[list[str]]:
    """Every command a page tells the reader to type."""
    text = page.read_text("utf-8")
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    lines += [
        line[2:] for block in blocks(page, "console") for line in block.splitlines() if line[:2] == "$ "
    ]
    lines += re.findall(r"`((?:register|make) [^`\n]*)`", FENCE.sub("", text))
    return [shlex.split(line, comments=True) for line in lines]


def test_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    told = 0
    for page in TOLD:
        for words in command_lines(page):
            if words and words[0] == "make":
                assert set(words[1:]) <= targets, named(page)
            elif words and Path(words[0]).name == "register" and words[1:2] not in (["COMMAND"], ["ORDEN"]):
                check_command(words[1:])
                told += 1
    assert told > 80


# ------------------------------------------------------------------------------------------------ documented keys


def accepted_keys(load: Callable[..., object], *arguments: object) -> set[str]:
    """The keys that a loader knows, from its complaint about one that it does not."""
    with pytest.raises(DeclarationError) as caught:
        load(*arguments)
    complaint = next(error for error in caught.value.each if error.key == "unknown_key")
    return set(str(complaint.values["known"]).split(", "))


def documented_keys(page: str) -> dict[str, set[str]]:
    sections = read_toml(ROOT / "docs" / "keys.toml")[page]["section"]
    return {section["name"]: set(section["key"]) for section in sections}


SOURCE = 'table = "visa"\nfiles = "x"\n'
SOURCE_FAULTS = {
    "top": "table = 'visa'\nfiles = 'x'\nbogus = 1\n[columns]\n",
    "format": f"{SOURCE}[format]\nbogus = 1\n[columns]\n",
    "value": f"{SOURCE}[columns]\nissued_on = {{ bogus = 1 }}\n",
    "person": f"{SOURCE}[columns]\nissued_on = 'D'\nvisa_class_code = 'C'\n[person.self]\nbogus = 1\n",
}


def test_documented_keys_of_sources_are_those_accepted(tmp_path: Path) -> None:
    schema = load_schema(ROOT / "schemas")
    documented = documented_keys("source-declarations")
    for section, text in SOURCE_FAULTS.items():
        path = tmp_path / "source.toml"
        path.write_text(text, "utf-8")
        assert accepted_keys(load_source, path, schema) == documented[section], section
    assert set(NAME_LAYOUTS) == documented["layout"]


@pytest.mark.parametrize("section", ["top", "rule", "engine", "quality", "release"])
def test_documented_settings_are_those_accepted(tmp_path: Path, section: str) -> None:
    text = "bogus = 1\n" if section == "top" else f'country = "COL"\n[{section}]\nbogus = 1\n'
    (tmp_path / SETTINGS_FILE).write_text(text, "utf-8")
    assert accepted_keys(load_project, tmp_path) == documented_keys("settings")[section]


@pytest.mark.parametrize("section", ["top", "input", "block", "compare", "level", "training", "threshold"])
def test_documented_linkage_keys_are_those_accepted(tmp_path: Path, section: str) -> None:
    shipped = (ROOT / "linkage_rules" / "people.toml").read_text("utf-8")
    faulty = {
        "top": "bogus = 1\n" + shipped,
        "block": shipped.replace("\n[[block]]", "\n[[block]]\nbogus = 1", 1),
        "compare": shipped.replace("\n[[compare]]", "\n[[compare]]\nbogus = 1", 1),
        "level": shipped.replace('{ level = "', '{ bogus = 1, level = "', 1),
    }
    path = tmp_path / "people.toml"
    path.write_text(
        faulty.get(section, shipped.replace(f"[{section}]", f"[{section}]\nbogus = 1", 1)), "utf-8"
    )
    assert accepted_keys(load_rules, path) == documented_keys("linkage-rules")[section]


CALIBRATION = "[survey]\nweight = 'w'\n"
CALIBRATION_FAULTS = {
    "top": f"bogus = 1\n{CALIBRATION}",
    "survey": f"{CALIBRATION}bogus = 1\n",
    "variable": f"{CALIBRATION}[variables.x]\nbogus = 1\n",
    "calibration": f"{CALIBRATION}[calibration]\nbogus = 1\n",
    "benchmark": f"{CALIBRATION}[[benchmark]]\nbogus = 1\n",
    "register": f"{CALIBRATION}[register]\nbogus = 1\n",
    "replicates": f"{CALIBRATION}[replicates]\nbogus = 1\n",
    "estimate": f"{CALIBRATION}[[estimate]]\nbogus = 1\n",
}


@pytest.mark.parametrize("section", CALIBRATION_FAULTS)
def test_documented_calibration_keys_are_those_accepted(tmp_path: Path, section: str) -> None:
    path = tmp_path / "calibration.toml"
    path.write_text(CALIBRATION_FAULTS[section], "utf-8")
    assert accepted_keys(load_spec, path) == documented_keys("calibration")[section]


def test_documented_level_words_and_itinerary_rules_are_those_known() -> None:
    documented = documented_keys("linkage-rules")
    assert {word for words in VOCABULARY.values() for word in words} == documented["words"]
    assert set(RULES) == documented["itinerary"]
    assert set(load_itinerary(ROOT / "linkage_rules" / "itinerary.toml").rules) <= documented["itinerary"]


def test_documented_exit_codes_and_reasons_are_those_there_are() -> None:
    page = read_toml(ROOT / "docs" / "keys.toml")["errors"]
    assert {int(code) for code in page["exit"]} == generate.exit_codes()
    ingest = "".join(path.read_text("utf-8") for path in sorted((ROOT / "register" / "ingest").glob("*.py")))
    checks = [
        check.reason for table in load_schema(ROOT / "schemas").tables.values() for check in table.checks
    ]
    places = set(PLACE_HOW) - {"code", "label", "alias"}
    lines = set(re.findall(r'"((?:line|header):[a-z_]+)"', ingest))
    told = {key.removeprefix("reason.") for key in catalogue() if key.startswith("reason.")}
    assert told == {
        *(*lines, *checks, *places, *DATE_REASONS),
        *("missing", "unknown_code", "document_damaged", "duration_unreadable"),
    }


# ------------------------------------------------------------------------------------------------------- examples

STATUS = {"was a resident": 1, "was not a resident": 0, "era residente": 1, "no era residente": 0}
CROSSINGS = {"arrival": "arrival", "departure": "departure", "entrada": "arrival", "salida": "departure"}
VERDICTS = {
    "migration": True, "no migration": False, "not known yet": None,
    "migración": True, "no es migración": False, "aún no se sabe": None,
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
def test_worked_examples_follow_the_rule(language: str) -> None:
    text = (ROOT / "docs" / "explanation" / f"residence-rule.{language}.md").read_text("utf-8")
    ends = date(2024, 12, 31).toordinal() + 1
    examples = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert len(examples) == 6
    for example in examples:
        initial = next(
            status
            for told, status in sorted(STATUS.items(), reverse=True, key=lambda item: len(item[0]))
            if told in example
        )
        rows = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| ([^|]+) \| ([^|]+) \|$", example, re.MULTILINE)
        crossings = [Crossing(date.fromisoformat(day).toordinal(), CROSSINGS[way]) for day, way, _ in rows]
        history = History(crossings, initial, threshold=365, window=487, ends=ends)
        found = [verdict.is_migration for verdict in history.verdicts()]
        assert found == [VERDICTS[verdict] for _, _, verdict in rows], example.splitlines()[0]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_new_source_of_the_guide_is_read(make_project: Callable[..., Project], language: str) -> None:
    page = ROOT / "docs" / "how-to" / f"add-a-source.{language}.md"
    extracts, declarations = blocks(page, "text"), blocks(page, "toml")
    project = make_project(refugio_2024__csv=extracts[0], estadias_2023__csv=extracts[1])
    for name, declaration in zip(("refugio", "estadias"), declarations, strict=True):
        (project.schemas / "sources" / "col" / f"{name}.toml").write_text(declaration, "utf-8")
    build(project, until="identify")
    found = query_tables(
        project,
        "select surname_1, surname_2, given_name, sex, birth_date_precision, document_number, citizenship_code"
        " from identity where sex is not null order by surname_1",
    )
    assert found.rows() == [
        ("PEREZ", "GOMEZ", "ANA MARIA", "2", "day", "142536987", "VEN"),
        ("ROJAS", None, "LUIS", "1", "year", None, "VEN"),
    ]
    issued = query_tables(project, "select issued_on, municipality_code from permit order by issued_on")
    assert issued.rows() == [(date(2024, 3, 15), "54001"), (date(2024, 4, 2), "11001")]
    stays = query_tables(
        project, "select direction, border_post_code, day(crossed_at) from crossing order by crossed_at"
    )
    assert stays.rows() == [
        ("arrival", "COL-BOG", 5),
        ("departure", "COL-RUM", 20),
        ("arrival", "COL-BOG", 7),
    ]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example project, built by its own script."""
    script = ROOT / "examples" / "colombia" / "build.py"
    spec = importlib.util.spec_from_file_location("example_build", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder: Path = tmp_path_factory.mktemp("example") / "project"
    module.main(folder)
    project = load_project(folder)
    measure(project, Console("en", quiet=True), None, None)
    return project


def told_queries(page: Path) -> list[str]:
    """Every query a page shows, by itself or as the argument of `register sql`."""
    typed = [words for words in command_lines(page) if "sql" in words[:-1]]
    return blocks(page, "sql") + [words[words.index("sql") + 1] for words in typed]


def test_queries_run_on_the_example(example: Project) -> None:
    queries = [(named(page), query) for page in TOLD for query in told_queries(page)]
    assert len(queries) > 40
    for page, query in queries:
        assert query_tables(example, query).width, page


def test_the_example_has_something_to_show(example: Project) -> None:
    """Its pages speak of rejected rows, of flags, and of three published years."""
    assert query_tables(example, "select count(*) > 0 from rejected").item()
    assert query_tables(example, "select count(*) > 0 from crossing where flags is not null").item()
    assert query_tables(example, "select distinct year from flow order by 1")["year"].to_list() == [
        2021,
        2022,
        2023,
    ]
