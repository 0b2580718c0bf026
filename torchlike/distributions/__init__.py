"""`torch.distributions`: probability distributions, made of ordinary tensor operations."""

from torchlike.distributions import constraints
