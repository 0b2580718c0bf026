"""How long a compiled step would take at least on chips that are not here: their rates, and the bytes that links carry."""

from __future__ import annotations

import math
import re

import numpy as np

# A chip's peak figures: bfloat16 operations a second, bytes a second to its memory, its bytes, bytes a second to neighbours.
CHIPS = {
    "v4": (275e12, 1228e9, 32 << 30, 300e9),
    "v5e": (197e12, 819e9, 16 << 30, 200e9),
    "v5p": (459e12, 2765e9, 95 << 30, 600e9),
    "v6e": (918e12, 1640e9, 32 << 30, 448e9),
}
_WIDTHS = {1: "pred s8 u8", 2: "bf16 f16 s16 u16", 4: "f32 s32 u32", 8: "f64 s64 u64"}
_BYTES = {name: width for width, names in _WIDTHS.items() for name in names.split()}
_KINDS = "all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute"


def collectives(text: str, devices: int) -> dict[str, tuple[int, int, int]]:
    """By kind, what is in compiled HLO: how many there are, the bytes of the whole arrays that they move, and the bytes that
    each device receives for it where they go round in a ring."""
    found: dict[str, tuple[int, int, int]] = {}
    seen: set[tuple[str, str, str]] = set()
    inside = ""  # the computation that a line belongs to
    for line in text.splitlines():
        if line[:1] not in (" ", "}", ""):
            inside = line
        match = re.search(rf"= (.*?) ({_KINDS})(-start)?\(", line)
        channel = re.search(r"channel_id=(\d+)", line)
        scatters = inside.startswith("%all-reduce-scatter")  # a TPU's reduce-scatter; those of all layers have the same channel
        key = match and channel and (match[2], channel[1], inside.split()[0] if scatters else "")
        if match is None or key in seen:  # a collective's start and its end may both show it
            continue
        if key:
            seen.add(key)
        kind, ways = match[2], _ways(line, devices)
        size = _whole(match[1], kind, bool(match[3]), ways)
        if scatters:
            kind = "reduce-scatter"
        count, total, received = found.get(kind, (0, 0, 0))
        found[kind] = count + 1, total + size, received + _received(kind, size, ways)
    return found


def _sizes(shapes: str) -> list[int]:
    found = re.findall(r"(\w+)\[([\d,]*)\]", shapes)
    return [_BYTES.get(k, 4) * int(np.prod([int(n) for n in dims.split(",") if n] or [1])) for k, dims in found]


def _whole(shapes: str, kind: str, started: bool, ways: int) -> int:
    """The bytes of the array that is put together, reduced or cut, from a collective's results on one device."""
    sizes = _sizes(shapes)
    if started and len(sizes) > 1:  # operands and results, and what the compiler keeps beside them
        return max(sizes)
    return sum(sizes) * (ways if kind == "reduce-scatter" else 1)


def _ways(line: str, devices: int) -> int:
    """How many devices take part together."""
    listed = re.search(r"replica_groups=\{\{([\d,]+)\}", line)
    if listed:
        return len(listed[1].split(","))
    counted = re.search(r"replica_groups=\[(\d+),(\d+)\]", line)
    if counted:
        return int(counted[2])
    named = re.search(r"replica_groups=mesh\[(.*?)\] \{(.*?)\}", line)
    if named:
        sizes = dict(re.findall(r"'(\w+)'=(\d+)", named[1]))
        return math.prod(int(sizes[axis]) for axis in re.findall(r"'(\w+)'", named[2]))
    return devices


def _received(kind: str, size: int, ways: int) -> int:
    if kind == "collective-permute":
        return size
    return size * (ways - 1) // ways * (2 if kind == "all-reduce" else 1)
