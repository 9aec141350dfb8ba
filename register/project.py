"""``register.toml`` of a project, read into one frozen object. Nothing else in the program holds settings."""

from __future__ import annotations

import re
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, Faults, LockedError, UsageError, suggest
from register.schema import Schema, load_schema, profile_directory, refuse_unknown_keys, table_at
from register.settings import (
    SECTIONS,
    EngineSettings,
    EstimateSettings,
    QualitySettings,
    ReleaseSettings,
    RuleSettings,
)
from register.toml_file import read_toml

SETTINGS_FILE = "register.toml"
KEY_FILE = "secret.key"
SHORTEST_SECRET = 16


@dataclass(frozen=True)
class Project:
    """One office's project: a folder with its settings, declarations, extracts, runs and decisions."""

    root: Path
    country: str
    rule: RuleSettings
    engine: EngineSettings
    quality: QualitySettings
    release: ReleaseSettings = field(default_factory=ReleaseSettings)
    estimate: EstimateSettings = field(default_factory=EstimateSettings)

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
        refuse_unknown_keys(tree, ("country", *SECTIONS), where)
    country = str(tree.get("country", "")).upper()
    with faults.gathered():
        if not re.fullmatch(r"[A-Z]{3}", country):
            raise DeclarationError("bad_country", where=where, country=country)
    sections: dict[str, Any] = {}
    for name, read in SECTIONS.items():
        with faults.gathered(f"{where} [{name}]"):
            sections[name] = read(table_at(tree, name, where), f"{where} [{name}]")
    faults.tell()
    return Project(root=root, country=country, **sections)


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
