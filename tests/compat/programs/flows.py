"""Trains a conditional neural spline flow of the library zuko for some steps, and prints the losses and what it draws."""

import torch
import zuko

torch.manual_seed(0)
flow = zuko.flows.NSF(3, 2, transforms=2, hidden_features=(16, 16))
data, context = torch.randn(8, 3), torch.randn(8, 2)
optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
for _ in range(4):
    loss = -flow(context).log_prob(data).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
with torch.no_grad():
    print(*flow(context[0]).sample((2,)).flatten().tolist(), sep="\n")
