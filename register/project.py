"""``register.toml`` of a project, read into one frozen object. Nothing else in the program holds settings."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, Faults, LockedError, UsageError, suggest
from register.locale import LANGUAGES
from register.rules.residence import MISSING_LEG_POLICIES, Rule
from register.schema import Schema, load_schema, profile_directory, read_toml, refuse_unknown_keys, table_at

SETTINGS_FILE = "register.toml"
KEY_FILE = "secret.key"
SHORTEST_SECRET = 16


@dataclass(frozen=True)
class RuleSettings:
    """The residence rule an office chose, how gaps are filled, and the last day observed.

    Without ``observed_until`` that is the day of the last crossing received.
    """

    rule: Rule
    missing_leg: str = "midpoint"
    observed_until: dt.date | None = None
    seed: int = 0


@dataclass(frozen=True)
class EngineSettings:
    """How much of the machine a build may use."""

    memory_limit: str = ""
    threads: int = 0


@dataclass(frozen=True)
class QualitySettings:
    """When a source is too bad to build on: the share of its rows that may be rejected."""

    max_rejected_share: float = 0.02


PROVISIONAL = ("model", "baseline")
MISSING_RECORDS = ("model", "none")
MOST_DRAWS = 100


@dataclass(frozen=True)
class EstimateSettings:
    """How figures are estimated.

    ``provisional``: open crossings by the model or the transparent baseline; ``missing``: what nobody wrote down by
    the model or not at all; ``draws``: how many completed registers; ``linkages``: how many linkages are drawn for the
    error that linkage leaves (0: none).
    """

    provisional: str = "model"
    missing: str = "model"
    draws: int = 10
    linkages: int = 20


RELEASE_METHODS = ("round", "suppress", "cell-key")
ROUNDING_BASES = (3, 5)


@dataclass(frozen=True)
class ReleaseSettings:
    """How releases are protected, and in which languages their workbooks and reports are written.

    Figures of 1 to ``threshold`` - 1 must not be known. ``base`` is that of rounding and the reach of cell-key noise.
    """

    method: str = "round"
    threshold: int = 5
    base: int = 3
    languages: tuple[str, ...] = ("es", "en")


@dataclass(frozen=True)
class Project:
    """One office's project: a folder with its settings, declarations, extracts, runs and decisions."""

    root: Path
    country: str
    rule: RuleSettings
    engine: EngineSettings
    quality: QualitySettings
    release: ReleaseSettings = ReleaseSettings()
    estimate: EstimateSettings = EstimateSettings()

    @property
    def vintages(self) -> Path:
        """What earlier releases published, outside the runs so that it survives them."""
        return self.root / "vintages"

    @property
    def partners(self) -> Path:
        """Other countries' published flows, for the mirror table."""
        return self.root / "partners"

    @property
    def schemas(self) -> Path:
        """The project's own ``schemas/``."""
        return self.root / "schemas"

    @property
    def linkage_rules(self) -> Path:
        """The project's own ``linkage_rules/``."""
        return self.root / "linkage_rules"

    @property
    def extracts(self) -> Path:
        """Where the office puts its extracts, at any depth."""
        return self.root / "extracts"

    @property
    def runs(self) -> Path:
        """Where the runs stand."""
        return self.root / "runs"

    @property
    def decisions(self) -> Path:
        """The reviewers' decisions, outside the runs so that they survive them."""
        return self.root / "decisions" / "people.jsonl"

    def secret(self) -> str:
        """Return the key that makes identifiers opaque; without it nobody can recompute them from names."""
        path = self.root / KEY_FILE
        try:
            secret = path.read_text("ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError) as error:
            raise DeclarationError("no_secret", where=str(path)) from error
        except PermissionError as error:
            raise LockedError("no_permission", where=str(path)) from error
        if len(secret) < SHORTEST_SECRET:
            raise DeclarationError("no_secret", where=str(path))
        return secret

    def schema(self) -> Schema:
        """Load the project's schemas."""
        return load_schema(self.schemas)


def load_project(root: Path) -> Project:
    """Read ``register.toml``.

    Raises
    ------
    UsageError
        If the folder is no project.
    DeclarationError
        If a setting is unknown or cannot be meant.
    """
    path = root / SETTINGS_FILE
    if not path.is_file():
        raise UsageError("no_project", where=str(root))
    tree = read_toml(path)
    where = str(path)
    faults = Faults()
    with faults.gathered():
        refuse_unknown_keys(tree, ("country", *_SECTIONS), where)
    country = str(tree.get("country", "")).upper()
    with faults.gathered():
        if not re.fullmatch(r"[A-Z]{3}", country):
            raise DeclarationError("bad_country", where=where, country=country)
    sections: dict[str, Any] = {}
    for name, read in _SECTIONS.items():
        with faults.gathered(f"{where} [{name}]"):
            sections[name] = read(table_at(tree, name, where), f"{where} [{name}]")
    faults.tell()
    return Project(root=root, country=country, **sections)


def _rule(node: dict[str, Any], where: str) -> RuleSettings:
    refuse_unknown_keys(
        node, ("preset", "threshold", "window", "missing_leg", "observed_until", "seed"), where
    )
    if ("threshold" in node) != ("window" in node) or ("threshold" in node and "preset" in node):
        raise DeclarationError("rule_half_said", where=where)
    try:
        if "threshold" in node:
            rule = Rule(int(_number(node, "threshold", 0, where)), int(_number(node, "window", 0, where)))
        else:
            rule = Rule.preset(str(node.get("preset", "12-of-16")))
    except DeclarationError as error:
        error.where = where
        raise
    policy = str(node.get("missing_leg", "midpoint"))
    if policy not in MISSING_LEG_POLICIES:
        raise DeclarationError(
            "unknown_policy",
            where=where,
            name=policy,
            suggestion=suggest(policy, MISSING_LEG_POLICIES),
            known=", ".join(MISSING_LEG_POLICIES),
        )
    until = node.get("observed_until")
    if until is not None and type(until) is not dt.date:
        raise DeclarationError("bad_date_setting", where=where, key="observed_until")
    return RuleSettings(rule, policy, until, int(_number(node, "seed", 0, where)))


def _engine(node: dict[str, Any], where: str) -> EngineSettings:
    refuse_unknown_keys(node, ("memory_limit", "threads"), where)
    limit = str(node.get("memory_limit", ""))
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:[KMGT]i?B)", limit)
    if limit and (found is None or float(found[1]) == 0):
        raise DeclarationError("bad_memory_limit", where=where, value=limit)
    return EngineSettings(limit, int(_number(node, "threads", 0, where)))


def _quality(node: dict[str, Any], where: str) -> QualitySettings:
    refuse_unknown_keys(node, ("max_rejected_share",), where)
    share = _number(node, "max_rejected_share", QualitySettings.max_rejected_share, where)
    if not 0 <= share <= 1:
        raise DeclarationError("bad_share", where=where, key="max_rejected_share", value=share)
    return QualitySettings(share)


def _number(node: dict[str, Any], key: str, default: float, where: str) -> float:
    """Return a setting that must be a number and not negative."""
    value = node.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise DeclarationError("not_a_number", where=where, key=key, value=value)
    return value


def _release(node: dict[str, Any], where: str) -> ReleaseSettings:
    refuse_unknown_keys(node, ("method", "threshold", "base", "languages"), where)
    default = ReleaseSettings()
    settings = ReleaseSettings(
        method=str(node.get("method", default.method)),
        threshold=int(_number(node, "threshold", default.threshold, where)),
        base=int(_number(node, "base", default.base, where)),
        languages=tuple(node.get("languages", default.languages)),
    )
    if settings.method not in RELEASE_METHODS:
        hint = suggest(settings.method, RELEASE_METHODS)
        raise DeclarationError(
            "unknown_method",
            where=where,
            name=settings.method,
            suggestion=hint,
            known=", ".join(RELEASE_METHODS),
        )
    if settings.base not in ROUNDING_BASES or settings.threshold < settings.base:
        raise DeclarationError("bad_base", where=where, base=settings.base, threshold=settings.threshold)
    for language in settings.languages:
        if language not in LANGUAGES:
            raise DeclarationError("unknown_language", where=where, name=language, known=", ".join(LANGUAGES))
    return settings


def _estimate(node: dict[str, Any], where: str) -> EstimateSettings:
    refuse_unknown_keys(node, ("provisional", "missing", "draws", "linkages"), where)
    settings = EstimateSettings(
        provisional=str(node.get("provisional", EstimateSettings.provisional)),
        missing=str(node.get("missing", EstimateSettings.missing)),
        draws=int(_number(node, "draws", EstimateSettings.draws, where)),
        linkages=int(_number(node, "linkages", EstimateSettings.linkages, where)),
    )
    for key, known in (("provisional", PROVISIONAL), ("missing", MISSING_RECORDS)):
        name = getattr(settings, key)
        if name not in known:
            raise DeclarationError(
                "unknown_estimator",
                where=where,
                key=key,
                name=name,
                suggestion=suggest(name, known),
                known=", ".join(known),
            )
    if not 2 <= settings.draws <= MOST_DRAWS:
        raise DeclarationError("bad_draws", where=where, value=settings.draws, most=MOST_DRAWS)
    if settings.linkages == 1 or settings.linkages > MOST_DRAWS:
        raise DeclarationError("bad_linkages", where=where, value=settings.linkages, most=MOST_DRAWS)
    return settings


_SECTIONS: Mapping[str, Callable[[dict[str, Any], str], object]] = {
    "rule": _rule,
    "engine": _engine,
    "quality": _quality,
    "release": _release,
    "estimate": _estimate,
}

_TEMPLATE = """\
# Proyecto del registro · project of the register
country = "{country}"

# La regla de residencia: 12-of-16 (omisión), 12-consecutive, 9-of-12, 6-of-12.
# observed_until: último día observado; sin él, el último cruce recibido.
[rule]
preset = "12-of-16"
missing_leg = "midpoint"
# observed_until = 2024-12-31

# Memoria e hilos de la máquina que una construcción puede usar (0 = todos los procesadores).
[engine]
memory_limit = "{memory_limit}"
threads = 0

# Una fuente con más filas rechazadas que esta parte detiene la construcción.
[quality]
max_rejected_share = 0.02

# Lo que aún no se sabe (provisional: model o baseline) y lo que nadie registró (missing: model o none); linkages: los
# vínculos que se sortean para el error del vínculo (0: ninguno). Véase docs/explanation/estimation.
[estimate]
provisional = "model"
missing = "model"
draws = 10
linkages = 20

# Lo que se publica: cifras de 1 a threshold - 1 no deben conocerse. method: round, suppress o cell-key; base: 3 o 5.
[release]
method = "round"
threshold = 5
base = 3
languages = ["es", "en"]
"""


def init_project(root: Path, country: str) -> Project:
    """Make a project: settings, a secret key, and its own copy of the declarations.

    Raises
    ------
    UsageError
        If the folder already is a project or the country has no declarations.
    """
    profile = profile_directory()
    own = country.lower()
    known = sorted(path.name for path in (profile / "schemas" / "sources").iterdir() if path.is_dir())
    if own not in known:
        raise UsageError(
            "unknown_country", country=country, known=", ".join(known), suggestion=suggest(own, known)
        )
    if (root / SETTINGS_FILE).exists():
        raise UsageError("project_exists", where=str(root))
    try:
        for folder in (root, root / "extracts"):
            folder.mkdir(parents=True, exist_ok=True)
            # Names will stand here: for the owner alone, also where the folder was there before.
            folder.chmod(0o700)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError("not_a_folder", where=str(root)) from error
    except PermissionError as error:
        raise LockedError("no_permission", where=str(root)) from error
    except OSError as error:
        raise LockedError("cannot_write", where=str(root)) from error
    shutil.copytree(
        profile / "schemas",
        root / "schemas",
        dirs_exist_ok=True,
        ignore=lambda path, names: [name for name in names if Path(path).name == "sources" and name != own],
    )
    shutil.copytree(profile / "linkage_rules", root / "linkage_rules", dirs_exist_ok=True)
    key = root / KEY_FILE
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32) + "\n", "ascii")
    (root / SETTINGS_FILE).write_text(_TEMPLATE.format(country=country.upper(), memory_limit="4GB"), "utf-8")
    return load_project(root)
