"""Graphs as text for logs."""

from __future__ import annotations

from typing import Any

__all__ = ["_format_graph_code", "lazy_format_graph_code"]


def _format_graph_code(name: str, filename: str, graph_str: str) -> str:
    """A graph's text under its name."""
    return f"TRACED GRAPH\n {name} {filename} {graph_str}\n"


def lazy_format_graph_code(name: str, gm: Any, maybe_id: int | None = None, **kwargs: Any) -> str:
    """A module's text under its name; with its id where it has one."""
    shown = name if maybe_id is None else f"{name} {maybe_id}"
    if "print_output" not in kwargs:
        kwargs["print_output"] = False
    return _format_graph_code(f"===== {shown} =====\n", gm.forward.__code__.co_filename, gm.print_readable(**kwargs))
