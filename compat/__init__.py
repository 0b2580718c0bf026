"""What speaks of real torch: the redirect that makes `import torch` mean torchlike, and comparisons with torch."""

from .redirect import active, install, uninstall

__all__ = ["active", "install", "uninstall"]
