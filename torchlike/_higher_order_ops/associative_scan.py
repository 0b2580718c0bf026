"""See `torchlike.autograd.control_flow`."""

from torchlike.autograd.control_flow import associative_scan

__all__ = ["associative_scan"]
