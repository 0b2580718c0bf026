"""`torch._higher_order_ops`: control flow under the names that torch's own documentation imports it by."""

from torchlike._higher_order_ops.associative_scan import associative_scan
from torchlike._higher_order_ops.cond import cond
from torchlike._higher_order_ops.scan import scan
from torchlike._higher_order_ops.while_loop import while_loop

__all__ = ["associative_scan", "cond", "scan", "while_loop"]
