"""What stands between Tensor and object while types are checked: the methods of `surface.pyi`, attached at run time instead.

`torchlike.tensor.attach` and `torchlike.autograd` attach them; `.ci/stubs.py` writes down what they have attached.
"""

from __future__ import annotations

Surface = object
Number = int | float | complex
