"""A synthetic country with known truth: extracts in the Colombian layouts, and the truth behind them.

``generate`` writes a country; ``register.synth.evaluate`` compares a run of the register with its truth.
Both declarations are files: ``population.toml`` says who lives how, ``faults.toml`` what goes wrong and how
often. Making a country needs the extra ``synth`` (NumPy for the draws, Faker for its lists of names);
evaluating does not.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from register.errors import UsageError
from register.synth.report import SynthReport

__all__ = ["SynthReport", "generate"]


def generate(
    directory: Path,
    *,
    people: int,
    seed: int,
    years: tuple[int, int],
    faults: Path | None = None,
    survey: bool = False,
) -> SynthReport:
    """Write a synthetic country: ``directory/extracts`` and ``directory/truth``.

    The same arguments give the same bytes.

    Parameters
    ----------
    directory
        Where to write; made if missing. Files of the same names are replaced.
    people
        How many people live in it, children born in the period included.
    seed
        Seed of all random draws.
    years
        First and last observed year. Lives begin two years before and end two years after.
    faults
        A TOML file with the keys of ``faults.toml`` that shall have other values.
    survey
        Whether to write a household survey too: ``directory/survey``, see ``register.synth.survey``.

    Raises
    ------
    UsageError
        The extra ``synth`` is not installed, or people or years make no sense.
    DeclarationError
        The file of faults is wrong.
    """
    if any(find_spec(name) is None for name in ("numpy", "faker")):
        raise UsageError("missing_extra", extra="synth")
    from register.synth.country import generate as make

    return make(directory, people=people, seed=seed, years=years, faults=faults, survey=survey)
