"""What torch says of its quantization is no error here: all of it is deprecated there."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/ao/" in str(item.path):
            for message in (
                "torch.quantize_per",
                "torch.ao.quantization is deprecated",
                "Please use quant_min",
                "must run observer",
                "TypedStorage is deprecated",
            ):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:.*{message}"))
