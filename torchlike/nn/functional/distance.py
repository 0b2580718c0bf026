"""Distances between vectors."""

from __future__ import annotations

from torchlike.tensor import functions as ops

cosine_similarity = ops.cosine_similarity
pairwise_distance = ops.pairwise_distance
pdist = ops.pdist
