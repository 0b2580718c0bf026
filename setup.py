"""Where the packages are; everything else is in pyproject.toml, which cannot both search for packages and map one.

`compat/` stands at the top of the repository and installs as `torchlike.compat`.
"""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class Build(build_py):
    """Puts the coverage ledger beside compat, where `torchlike check` reads it."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "torchlike" / "compat"
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(__file__).parent / "docs" / "coverage.csv", target / "coverage.csv")


compat = ["compat", *(f"compat.{name}" for name in find_packages("compat"))]
setup(
    cmdclass={"build_py": Build},
    packages=[*find_packages(include=["torchlike", "torchlike.*"]), *(f"torchlike.{name}" for name in compat)],
    package_dir={"torchlike.compat": "compat"},
    package_data={"": ["py.typed", "*.pyi", "*.txt"], "torchlike.compat": ["path/*.py"]},
)
