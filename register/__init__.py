"""Record linkage and the statistical register of international migration, from administrative records.

The flow from an office's extracts to annual flows stands in `register.pipeline`: read it first. This is what a
notebook needs of the rest; each name is loaded when first used, so that the command line starts at once.

>>> from register import build, init_project, query_tables
>>> project = init_project(Path("migracion-2024"), "col")
>>> build(project)
>>> query_tables(project, "select year, direction, sum(estimate) from flow group by all")
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from register.errors import RegisterError
    from register.link_files import link_files
    from register.pipeline import build
    from register.project import init_project, load_project
    from register.rules.classify import classify
    from register.synth import generate
    from register.synth.evaluate import evaluate
    from register.tables import annual_flows, query_tables

# The allocator of Polars, which reads this when Polars is first imported: as many pools as processors and not four
# times as many, and memory without use given back after six seconds, not half a second. Blocks follow one another, and
# the next needs what the last one had.
os.environ.setdefault(
    "_RJEM_MALLOC_CONF", f"narenas:{os.cpu_count() or 1},dirty_decay_ms:6000,muzzy_decay_ms:0"
)

__version__ = version("migration-register")
__all__ = [
    "RegisterError",
    "annual_flows",
    "build",
    "classify",
    "evaluate",
    "generate",
    "init_project",
    "link_files",
    "load_project",
    "query_tables",
]

_HOME = {
    "RegisterError": "register.errors",
    "annual_flows": "register.tables",
    "build": "register.pipeline",
    "classify": "register.rules.classify",
    "evaluate": "register.synth.evaluate",
    "generate": "register.synth",
    "init_project": "register.project",
    "link_files": "register.link_files",
    "load_project": "register.project",
    "query_tables": "register.tables",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'register' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
