"""The declarations of a synthetic country: ``population.toml`` and ``faults.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, suggest
from register.toml_file import read_toml

Rates = dict[str, float]


@dataclass(frozen=True)
class Faults:
    """How often each fault happens, section by section of ``faults.toml``.

    ``faults["crossing"]["name"]`` is a share between 0 and 1, ``faults.kinds("name")`` the weights of the
    kinds of a fault.
    """

    sections: dict[str, Any]

    def __getitem__(self, section: str) -> Rates:
        return {key: float(value) for key, value in self.sections[section].items() if key != "kinds"}

    def kinds(self, fault: str) -> Rates:
        """Return the weights of the kinds of a fault."""
        return {kind: float(weight) for kind, weight in self.sections[fault]["kinds"].items()}


def load_population() -> dict[str, Any]:
    """Return ``population.toml``: lives, countries, names, places."""
    return tomllib.loads(_shipped("population.toml"))


def load_faults(overrides: Path | None = None) -> Faults:
    """Return the shipped ``faults.toml``, with the keys of another file in place of its own.

    Raises
    ------
    DeclarationError
        The file is no TOML, names a section or key that the shipped file does not have, or holds a value
        that is no share between 0 and 1, or leaves a fault without any kind.
    """
    faults = tomllib.loads(_shipped("faults.toml"))
    if overrides is not None:
        given = read_toml(overrides)
        faults = _merge(faults, given, where=str(overrides), below="")
        for fault, section in faults.items():
            if "kinds" in section and not any(section["kinds"].values()):
                raise DeclarationError("not_a_share", where=str(overrides), key=f"{fault}.kinds")
    return Faults(faults)


def _merge(shipped: dict[str, Any], given: dict[str, Any], *, where: str, below: str) -> dict[str, Any]:
    merged = dict(shipped)
    for key, value in given.items():
        name = f"{below}{key}"
        if key not in shipped:
            raise DeclarationError(
                "unknown_key",
                where=where,
                key=name,
                suggestion=below + suggest(key, shipped),
                known=", ".join(below + known for known in shipped),
            )
        if isinstance(shipped[key], dict):
            if not isinstance(value, dict):
                raise DeclarationError("not_a_section", where=where, key=name)
            merged[key] = _merge(shipped[key], value, where=where, below=f"{name}.")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise DeclarationError("not_a_share", where=where, key=name)
        else:
            merged[key] = value
    return merged


def _shipped(name: str) -> str:
    return resources.files("register.synth").joinpath(name).read_text(encoding="utf-8")
