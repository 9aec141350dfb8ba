"""What to publish, as it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from register.engine import Engine
from register.release.declaration import Releases
from register.release.disclose import Protection
from register.rules.residence import Parameters


@dataclass(frozen=True)
class Order:
    """What to publish, of which run and how.

    ``month`` is that of the release, ``YYYY-MM``. ``manifest`` is the run's. ``folder`` will hold the release and
    ``vintages`` holds the earlier ones; ``partners`` are files of other countries' flows. ``open_run`` opens the
    tables of the run once more, for rules other than its own.
    """

    releases: Releases
    parameters: Parameters
    protection: Protection
    secret: str
    month: str
    languages: Sequence[str]
    manifest: Mapping[str, Any]
    folder: Path
    vintages: Path
    open_run: Callable[[], Engine]
    partners: Sequence[Path] = ()
