"""Where the packages are; everything else is in pyproject.toml, which cannot both search for packages and map one.

`compat/` stands at the top of the repository and installs as `torchlike.compat`.
"""

from setuptools import find_packages, setup

compat = ["compat", *(f"compat.{name}" for name in find_packages("compat"))]
setup(
    packages=[*find_packages(include=["torchlike", "torchlike.*"]), *(f"torchlike.{name}" for name in compat)],
    package_dir={"torchlike.compat": "compat"},
    package_data={"": ["py.typed", "*.pyi", "*.txt"]},
)
