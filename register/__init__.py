"""Record linkage and the statistical register of international migration, from administrative records.

The flow from an office's extracts to annual flows stands in `register.pipeline`: read it first.
"""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("migration-register")
