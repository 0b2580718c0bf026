"""Models against the facts of torchvision (see model_cases.py): keys and shapes, and what seeded weights compute."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import torchlike
from tests.vision import model_cases
from torchlike.vision import models

FACTS = json.loads((Path(__file__).parent / "model_facts.json").read_text())
# The smallest of each family; the others differ in their tables only.
SMALL = """
    alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3 mnasnet0_5 mobilenet_v2
    mobilenet_v3_large mobilenet_v3_small regnet_x_400mf regnet_y_400mf resnet18 resnet50 resnext50_32x4d shufflenet_v2_x0_5
    squeezenet1_0 squeezenet1_1 swin_t swin_v2_t vgg11 vgg11_bn vit_b_16 wide_resnet50_2""".split()


def check_structure(name: str) -> None:
    assert model_cases.structure(model_cases.on_meta(torchlike, models, name)) == FACTS[name]["structure"]


@pytest.mark.parametrize("name", SMALL)
def test_structure(name: str) -> None:
    check_structure(name)


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(set(FACTS) - set(SMALL) - {"maxvit_t"}))
def test_structure_of_the_rest(name: str) -> None:
    check_structure(name)


def check_numbers(name: str) -> None:
    found, expected = model_cases.numbers(torchlike, models, name), FACTS[name]
    scale = max(1e-3, *map(abs, expected["logits"]))
    np.testing.assert_allclose(found["logits"], expected["logits"], rtol=2e-3, atol=2e-3 * scale, err_msg=name)
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=2e-3, err_msg=name)
    # Gradients of deep networks with fresh statistics of tiny maps amplify rounding.
    np.testing.assert_allclose(found["gradients"], expected["gradients"], rtol=5e-2, err_msg=name)


def test_numbers_of_one() -> None:
    """The same seed gives torchvision's weights, hence its logits, its loss and its gradients."""
    check_numbers("resnet18")


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name in model_cases.RUN if name != "resnet18"])
def test_numbers(name: str) -> None:
    check_numbers(name)


def test_by_name() -> None:
    assert set(models.list_models()) == set(FACTS) - {"maxvit_t"}
    assert models.list_models(include="resnet*", exclude=["*50", "*101"]) == ["resnet152", "resnet18", "resnet34"]
    assert models.list_models(module=models.vgg, include=["vgg1?"]) == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert models.get_model_builder("ResNet18") is models.resnet18
    with pytest.raises(ValueError, match="Unknown model nonsense"):
        models.get_model("nonsense")
    model = models.get_model("squeezenet1_1", num_classes=7)
    assert isinstance(model, models.SqueezeNet) and model.num_classes == 7


def test_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A published file in the folder of downloads is loaded; torchvision's older names of arguments mean what they meant."""
    found = models.ResNet50_Weights
    assert models.get_weight("ResNet50_Weights.IMAGENET1K_V2") is found.DEFAULT is found.IMAGENET1K_V2
    assert models.get_model_weights("resnet50") is models.get_model_weights(models.resnet50) is found
    assert found.IMAGENET1K_V1.url == "https://download.pytorch.org/models/resnet50-0676ba61.pth"
    assert found.DEFAULT.meta["num_params"] == 25557032 and found.DEFAULT.meta["categories"][207] == "golden retriever"
    preset = found.DEFAULT.transforms()
    assert preset(torchlike.zeros(3, 300, 400, dtype=torchlike.uint8)).shape == (3, 224, 224)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    source = models.squeezenet1_1()
    file = tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    file.parent.mkdir(parents=True)
    torchlike.save(source.state_dict(), file)
    for arguments in ({"weights": "DEFAULT"}, {"weights": models.SqueezeNet1_1_Weights.IMAGENET1K_V1}):
        loaded = models.squeezenet1_1(**arguments)
        assert torchlike.equal(loaded.classifier[1].weight, source.classifier[1].weight)
    with pytest.warns(UserWarning, match="'pretrained' is deprecated"):
        loaded = models.squeezenet1_1(pretrained=True)
    assert torchlike.equal(loaded.classifier[1].weight, source.classifier[1].weight)
    with pytest.raises(ValueError, match="expected value 1000 but got 10"):
        models.squeezenet1_1(weights="DEFAULT", num_classes=10)
    with pytest.raises(TypeError, match="expected SqueezeNet1_1_Weights but received ResNet50_Weights"):
        models.squeezenet1_1(weights=found.DEFAULT)


def test_old_keys() -> None:
    """DenseNet's and the transformers' files of old have other keys."""
    with warnings.catch_warnings(), torchlike.device("meta"):
        block = models.densenet.DenseNet(4, (1, 1), 8, num_classes=2)
    state = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): v for key, v in block.state_dict().items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    block.load_state_dict(state, assign=True)
    mlp = models.vision_transformer.MLPBlock(4, 8, 0.0)
    old = {k.replace("0.", "linear_1.").replace("3.", "linear_2."): v + 1 for k, v in mlp.state_dict().items()}
    mlp.load_state_dict(old)
    assert torchlike.equal(mlp[0].weight, old["linear_1.weight"])


def test_interpolated_positions() -> None:
    model = models.VisionTransformer(32, 8, 1, 2, 8, 16, num_classes=3)
    state = models.vision_transformer.interpolate_embeddings(48, 8, model.state_dict(), reset_heads=True)
    assert state["encoder.pos_embedding"].shape == (1, 37, 8) and not any(key.startswith("heads") for key in state)
