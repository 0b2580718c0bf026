"""Python runs this at its start when this folder is on PYTHONPATH: `import torch` then means torchlike.

`TORCHLIKE_REDIRECT=0` leaves a process alone.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _run(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _next():
    """The sitecustomize that this one hides, if there is one."""
    others = [p for p in sys.path if os.path.abspath(p or ".") != _HERE]
    found = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if found is not None and found.origin:
        _run("_next_sitecustomize", found.origin)


if os.environ.get("TORCHLIKE_REDIRECT", "1") != "0":
    _run("_torchlike_redirect", os.path.join(os.path.dirname(_HERE), "redirect.py")).install()
_next()
