"""What ``register synth`` made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SynthReport:
    """A synthetic country on disk: ``directory/extracts`` and ``directory/truth``.

    ``records`` counts the records of each source, ``truth`` the rows of each table of the truth.
    """

    directory: Path
    people: int
    seed: int
    years: tuple[int, int]
    records: dict[str, int]
    truth: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {
            "directory": str(self.directory),
            "people": self.people,
            "seed": self.seed,
            "years": list(self.years),
            "records": dict(self.records),
            "truth": dict(self.truth),
        }
