"""Containers against real torch: what they hold, print and raise."""

from __future__ import annotations

from collections import OrderedDict

import pytest

CONTAINERS = {
    "slice": lambda t, n, s: s[0:2],
    "last": lambda t, n, s: s[-1],
    "beyond": lambda t, n, s: s[5],
    "word": lambda t, n, s: s["a"],
    "add": lambda t, n, s: s + s,
    "add int": lambda t, n, s: s + 3,
    "times": lambda t, n, s: s * 2,
    "rtimes": lambda t, n, s: 2 * s,
    "times 0": lambda t, n, s: s * 0,
    "times word": lambda t, n, s: s * "a",
    "iadd": lambda t, n, s: s.__iadd__(n.Sequential(n.Tanh())),
    "imul": lambda t, n, s: s.__imul__(2),
    "insert": lambda t, n, s: s.insert(0, n.Tanh()),
    "insert -1": lambda t, n, s: s.insert(-1, n.Tanh()),
    "insert beyond": lambda t, n, s: s.insert(10, n.Tanh()),
    "insert below": lambda t, n, s: s.insert(-10, n.Tanh()),
    "insert int": lambda t, n, s: s.insert(0, 3),
    "append": lambda t, n, s: s.append(n.Tanh()),
    "append int": lambda t, n, s: s.append(3),
    "extend": lambda t, n, s: s.extend([n.Tanh(), n.Tanh()]),
    "pop": lambda t, n, s: [s.pop(0), s],
    "pop slice": lambda t, n, s: [s.pop(slice(0, 1)), s],
    "del": lambda t, n, s: [s.__delitem__(0), s],
    "set": lambda t, n, s: [s.__setitem__(-1, n.Tanh()), s, len(s)],
    "dict": lambda t, n, s: n.Sequential({"a": n.ReLU()}),
    "list": lambda t, n, s: n.Sequential([n.ReLU()]),
    "empty": lambda t, n, s: [n.Sequential(), n.Sequential()(3)],
    "ordered": lambda t, n, s: n.Sequential(OrderedDict(a=n.ReLU(), b=n.Tanh()))[1:],
    "two arguments": lambda t, n, s: s(1, 2),
    "list repr": lambda t, n, s: n.ModuleList([n.Linear(1, 2), n.Linear(1, 2), n.ReLU(), n.Sequential(n.ReLU(), n.ReLU())]),
    "list empty": lambda t, n, s: n.ModuleList(),
    "list beyond": lambda t, n, s: n.ModuleList([n.ReLU()])[1],
    "list below": lambda t, n, s: n.ModuleList([n.ReLU()])[-2],
    "list add": lambda t, n, s: n.ModuleList(n.ReLU() for _ in range(2)).__add__([n.Tanh()]),
    "list of int": lambda t, n, s: n.ModuleList([3]),
    "list int": lambda t, n, s: n.ModuleList(3),
    "list call": lambda t, n, s: n.ModuleList()(3),
    "list None": lambda t, n, s: n.ModuleList([None]),
    "list insert": lambda t, n, s: [m := n.ModuleList([n.ReLU()]), m.insert(0, n.Tanh()), m.insert(9, n.ELU())],
    "list pop": lambda t, n, s: [m := n.ModuleList([n.ReLU(), n.Tanh()]), m.pop(-1)],
    "list slice": lambda t, n, s: n.ModuleList([n.ReLU(), n.Tanh()])[:1],
    "list del": lambda t, n, s: [m := n.ModuleList([n.ReLU(), n.Tanh(), n.ELU()]), m.__delitem__(slice(0, 2))],
    "list set": lambda t, n, s: [m := n.ModuleList([n.ReLU()]), m.__setitem__(0, n.Tanh()), m.__setitem__(1, n.ELU())],
    "dict module": lambda t, n, s: [
        m := n.ModuleDict({"a": n.ReLU()}), m.update([["b", n.Tanh()]]), list(m), list(m.keys()), len(m), "b" in m, m.pop("a"),
        m,
    ],
    "dict short": lambda t, n, s: n.ModuleDict([["a"]]),
    "dict of int": lambda t, n, s: n.ModuleDict([3]),
    "dict int": lambda t, n, s: n.ModuleDict(3),
    "dict value": lambda t, n, s: n.ModuleDict({"a": 3}),
    "dict dot": lambda t, n, s: n.ModuleDict({"a.b": n.ReLU()}),
    "dict taken": lambda t, n, s: n.ModuleDict({"keys": n.ReLU()}),
    "dict key": lambda t, n, s: n.ModuleDict({1: n.ReLU()}),
    "dict none": lambda t, n, s: n.ModuleDict()["a"],
    "parameters": lambda t, n, s: [m := n.ParameterList([n.Parameter(t.ones(2)), t.ones(3, 2), 3, "a", None]), list(m), len(m)],
    "parameters beyond": lambda t, n, s: n.ParameterList()[0],
    "parameters slice": lambda t, n, s: n.ParameterList([t.ones(1), t.ones(2), t.ones(3)])[1:],
    "parameters int": lambda t, n, s: n.ParameterList(3),
    "parameters tensor": lambda t, n, s: n.ParameterList(t.ones(3)),
    "parameters call": lambda t, n, s: n.ParameterList()(2),
    "parameters set": lambda t, n, s: [m := n.ParameterList([t.ones(1)]), m.__setitem__(0, t.zeros(2)), m.append(t.ones(1))],
    "named": lambda t, n, s: n.ParameterDict({"b": n.Parameter(t.ones(2)), "a": t.ones(1, 3), "c": 3}),
    "named one": lambda t, n, s: n.ParameterDict({"a": 1}),
    "named key": lambda t, n, s: n.ParameterDict({1: 2}),
    "named none": lambda t, n, s: n.ParameterDict({"a": 1})["b"],
    "named int": lambda t, n, s: n.ParameterDict(3),
    "named short": lambda t, n, s: n.ParameterDict([("a",)]),
    "named taken": lambda t, n, s: n.ParameterDict({"keys": n.Parameter(t.ones(1))}),
    "named call": lambda t, n, s: n.ParameterDict()(2),
    "named methods": lambda t, n, s: [
        m := n.ParameterDict([("z", t.ones(1)), ("y", t.ones(2))]), list(m), list(reversed(m)), m.get("q", 4),
        m.setdefault("w", 1), m.popitem(), m.pop("z"), list(m.items()), m | n.ParameterDict({"v": 2}), m.copy(),
        m.fromkeys("ab", 2), m.clear(), len(m),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(same, name):
    def code(t):
        return CONTAINERS[name](t, t.nn, t.nn.Sequential(t.nn.Linear(1, 2), t.nn.ReLU(), t.nn.Linear(2, 1)))

    same(code)
