"""Builds this example from Python and looks at its tables: ``python examples/colombia/build.py FOLDER``.

It does what the commands in README.md do, for an office that wants the register as a step of its own program.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import register

if TYPE_CHECKING:
    from register.project import Project

HERE = Path(__file__).parent

#: The border posts where most crossings had to be imputed: where the records have gaps.
GAPS = """
    select border_post_code, count(*) as movements, count(*) filter (is_imputed) as imputed
    from movement group by border_post_code order by imputed desc, border_post_code limit 3
"""


def make_project(folder: Path) -> Project:
    """Make a project in a folder, with the extracts and the settings of this example."""
    register.init_project(folder, "col")
    shutil.copytree(HERE / "extracts", folder / "extracts", dirs_exist_ok=True)
    shutil.copy(HERE / "register.toml", folder)
    return register.load_project(folder)


def main(folder: Path) -> None:
    """Build the example and write its annual flows and its gaps to standard output."""
    project = make_project(folder)
    report = register.build(project)
    sys.stdout.write(f"run {report.run}: did {', '.join(report.done)}\n")
    _, _, flows = register.annual_flows(project)
    for row in flows:
        sys.stdout.write("{year}: {immigration:.1f} in, {emigration:.1f} out\n".format(**row))
    sys.stdout.write(f"{register.query_tables(project, GAPS)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
