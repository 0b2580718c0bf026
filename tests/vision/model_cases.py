"""What torchvision's models are, in a few numbers each; run under torchvision this writes the facts of the tests.

    python tests/vision/model_cases.py > tests/vision/model_facts.json

in an environment with torch and torchvision (the facts here are of torch 2.14.1 and torchvision 0.29.1): the count of
parameters and of keys, and a hash of the keys, shapes and dtypes of each model's state_dict; of some, what freshly seeded
weights make of a seeded batch, in evaluation and in training, and gradients.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from typing import Any

# The size of the images, and further arguments.
RUN: dict[str, tuple[int, dict[str, Any]]] = {
    **{
        name: (64, {})
        for name in """
        alexnet vgg11_bn resnet18 resnet50 resnext50_32x4d wide_resnet50_2 squeezenet1_1 densenet121 mobilenet_v2
        mobilenet_v3_small mnasnet0_5 shufflenet_v2_x0_5 efficientnet_b0 efficientnet_v2_s regnet_x_400mf regnet_y_400mf
        convnext_tiny""".split()
    },
    "googlenet": (96, {"init_weights": True}),
    "inception_v3": (107, {"init_weights": True, "aux_logits": False}),
    "vit_b_32": (64, {"image_size": 64}),
    "swin_t": (72, {}),
    "swin_v2_t": (80, {}),
}


def structure(model: Any) -> list:
    """Parameters, keys, and a hash of the keys with their shapes and dtypes."""
    state = model.state_dict()
    lines = "\n".join(f"{key} {tuple(v.shape)} {str(v.dtype)[6:]}" for key, v in state.items())
    count = sum(p.numel() for p in model.parameters())
    return [count, len(state), hashlib.sha256(lines.encode()).hexdigest()[:16]]


def on_meta(torch: Any, models: Any, name: str) -> Any:
    """The model without values."""
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        return models.get_model(name, **({"init_weights": False} if name in ("googlenet", "inception_v3") else {}))


def numbers(torch: Any, models: Any, name: str) -> dict[str, list[float]]:
    """Of a seeded model: logits in evaluation, the loss in training, and the sizes of its first and last gradients."""
    size, options = RUN[name]
    torch.manual_seed(0)
    model = models.get_model(name, num_classes=10, **options)
    x = torch.rand(4, 3, size, size)
    target = torch.tensor([1, 2, 3, 4])
    model.eval()
    with torch.no_grad():
        logits = model(x)
    model.train()
    out = model(x)
    parts = [part for part in out if part is not None] if isinstance(out, tuple) else [out]
    loss = sum(torch.nn.functional.cross_entropy(part, target) for part in parts)
    loss.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    return {
        "logits": [float(f"{v:.6g}") for v in logits[0, :6].tolist()],
        "loss": [float(f"{loss.item():.6g}")],
        "gradients": [float(f"{g.abs().mean().item():.6g}") for g in (grads[0], grads[-1])],
    }


if __name__ == "__main__":
    import torch
    from torchvision import models

    # Of these the first sizes are computed with tensors that have to have values.
    cpu, params = torch.device("cpu"), models.regnet.BlockParams.from_init_params.__func__
    linspace = torch.linspace

    def on_cpu(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            with cpu:
                return function(*args, **kwargs)

        return call

    models.regnet.BlockParams.from_init_params = classmethod(on_cpu(params))
    torch.linspace = on_cpu(linspace)
    names = models.list_models(module=models)
    facts = {name: {"structure": structure(on_meta(torch, models, name))} for name in names}
    for name in RUN:
        print(name, file=sys.stderr, flush=True)
        facts[name] |= numbers(torch, models, name)
    print("{" + ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in facts.items()) + "}")
