"""Compares torchlike with real torch, number by number, on torch's own operator and module databases.

    python -m torchlike.compat parity ops --only softmax
    python -m torchlike.compat parity modules --only LayerNorm

`entries` reads the operator database, `translate` carries values and functions from torch to torchlike, `checks` compares
one property each, `worker` runs an entry with a time limit, `report` counts and prints. `ops` and `modules` are the suites;
`module_entries` and `module_calls` are what modules need beside.
"""
