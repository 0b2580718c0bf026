"""Compares torchlike with real torch, number by number, on torch's own operator database.

    python -m torchlike.compat parity ops --only softmax

`entries` reads the database, `translate` carries values and functions from torch to torchlike, `checks` compares one
property each, `worker` runs an entry with a time limit, `report` counts and prints.
"""
