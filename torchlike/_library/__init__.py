"""Operators of the user's own: schemas, kernels and what calls them. `torchlike.library` is the public face."""
