"""ExportedProgram: what `export` returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torchlike.func.exported import HERE, Program, ProgramModule
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor


@dataclass(frozen=True)
class ExportGraphSignature:
    """What goes into a program and what comes out, by name.

    Attributes:
        buffers_to_mutate: the buffers that a call changes.
    """

    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    user_inputs: tuple[str, ...]
    user_outputs: tuple[str, ...]
    buffers_to_mutate: tuple[str, ...]


class GraphText:
    """A program to read: `print(graph)` shows StableHLO (torch: a graph of its operations)."""

    def __init__(self, text: str):
        self.code = text

    def __str__(self) -> str:
        return self.code

    __repr__ = __str__

    @property
    def graph(self) -> GraphText:
        return self

    def print_readable(self, print_output: bool = True) -> str:
        """The text, printed as well."""
        if print_output:
            print(self.code)
        return self.code


class ExportedProgram:
    """A model as StableHLO with its weights. `module()` is what can be called.

    Attributes:
        example_inputs: the inputs it was made with, `(args, kwargs)`; None once loaded.
        range_constraints: the bounds of symbolic sizes by name, (least, most or None).
    """

    dialect = "STABLEHLO"

    def __init__(self, program: Program, example_inputs: Any = None, ranges: dict[str, tuple[int, int | None]] | None = None):
        self._program = program
        self.example_inputs = example_inputs
        self.range_constraints = dict(ranges or {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("Unable to call ExportedProgram directly. You should use `module()` instead.")

    def module(self, check_guards: bool = True) -> Module:
        """A module that runs the program: it has the parameters, is differentiable, and needs nothing of the model's source."""
        return ProgramModule(self._program)

    @property
    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by name."""
        return dict(self._program.state)

    @property
    def constants(self) -> dict[str, Any]:
        """Nothing by name: tensors that are neither parameters nor buffers are inside the program."""
        return {}

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        return ((name, self._program.state[name]) for name in self._program.parameters)

    def parameters(self) -> Iterator[Tensor]:
        return (tensor for _, tensor in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        return ((n, t) for n, t in self._program.state.items() if n not in self._program.parameters)

    def buffers(self) -> Iterator[Tensor]:
        return (tensor for _, tensor in self.named_buffers())

    @property
    def graph_signature(self) -> ExportGraphSignature:
        """What goes in and comes out, by name."""
        program = self._program
        count, outs = (sum(leaf is HERE for leaf in leaves) for leaves in (program.constants, program.fixed))
        tree = program.program.out_tree.unflatten([None] * program.program.out_tree.num_leaves)
        return ExportGraphSignature(
            tuple(program.parameters), tuple(name for name, _ in self.named_buffers()),
            tuple(f"input_{i}" for i in range(count)), tuple(f"output_{i}" for i in range(outs)), tuple(tree[1]),
        )  # fmt: skip

    @property
    def graph_module(self) -> GraphText:
        """The program to read."""
        return GraphText(self._program.text())

    graph = graph_module

    def run_decompositions(self, decomp_table: Any = None, **options: Any) -> ExportedProgram:
        """Itself: StableHLO has nothing left to decompose."""
        return self

    def validate(self) -> None:
        """Nothing: a program that was lowered is valid."""

    def __str__(self) -> str:
        return f"ExportedProgram:\n{self._program.text()}\nRange constraints: {self.range_constraints}"
