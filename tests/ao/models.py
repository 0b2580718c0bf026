"""A small convolutional network with stubs, the same in torch and in torchlike."""

from __future__ import annotations

from typing import Any

FUSED = [["conv", "bn", "relu"], ["fc", "relu2"]]
SHAPE = (8, 3, 12, 12)


def network(m: Any) -> Any:
    class Network(m.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.quant = m.ao.quantization.QuantStub()
            self.conv = m.nn.Conv2d(3, 8, 3, padding=1)
            self.bn = m.nn.BatchNorm2d(8)
            self.relu = m.nn.ReLU()
            self.pool = m.nn.MaxPool2d(2)
            self.grouped = m.nn.Conv2d(8, 16, 3, stride=2, groups=2, bias=False)
            self.flatten = m.nn.Flatten()
            self.fc = m.nn.Linear(16 * 4, 10)
            self.relu2 = m.nn.ReLU()
            self.fc2 = m.nn.Linear(10, 5)
            self.dequant = m.ao.quantization.DeQuantStub()

        def forward(self, x: Any) -> Any:
            x = self.pool(self.relu(self.bn(self.conv(self.quant(x)))))
            x = self.flatten(self.grouped(x))
            return self.dequant(self.fc2(self.relu2(self.fc(x))))

    return Network()
