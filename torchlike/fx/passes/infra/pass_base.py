"""A pass as a class."""

from __future__ import annotations

import abc
from typing import NamedTuple

from torchlike.fx.graph_module import GraphModule

__all__ = ["PassBase", "PassResult"]


class PassResult(NamedTuple):
    """What a pass gives.

    Attributes:
        graph_module: the module.
        modified: whether the pass changed it.
    """

    graph_module: GraphModule
    modified: bool


class PassBase(abc.ABC):
    """A pass: write `call`; `requires` and `ensures` may check the module before and after."""

    def __call__(self, graph_module: GraphModule) -> PassResult | None:
        self.requires(graph_module)
        result = self.call(graph_module)
        self.ensures(graph_module)
        return result

    @abc.abstractmethod
    def call(self, graph_module: GraphModule) -> PassResult | None:
        """Change the module, and say whether anything was changed."""

    def requires(self, graph_module: GraphModule) -> None:  # noqa: B027  # not every pass asks for something
        """Raise where the module is not as this pass needs it."""

    def ensures(self, graph_module: GraphModule) -> None:  # noqa: B027
        """Raise where this pass has gone wrong."""
