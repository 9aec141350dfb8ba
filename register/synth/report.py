"""What ``register synth`` made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SynthReport:
    """A synthetic country on disk: ``directory/extracts`` and ``directory/truth``.

    ``records_by_source`` counts records, ``truth`` the rows of each table of the truth.
    """

    directory: Path
    people: int
    seed: int
    years: tuple[int, int]
    records_by_source: dict[str, int]
    truth: dict[str, int]

    @property
    def records(self) -> int:
        """Return the number of records of all sources."""
        return sum(self.records_by_source.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {
            "directory": str(self.directory),
            "people": self.people,
            "seed": self.seed,
            "years": list(self.years),
            "records": self.records,
            "records_by_source": dict(self.records_by_source),
            "truth": dict(self.truth),
        }
