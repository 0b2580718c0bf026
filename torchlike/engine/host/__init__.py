"""Running recorded programs with numpy alone, in processes where XLA must not be touched: forked ones, data-loader workers."""

from __future__ import annotations

from torchlike.engine.host.run import disable, enable, enabled, evaluate, table

__all__ = ["disable", "enable", "enabled", "evaluate", "table"]
