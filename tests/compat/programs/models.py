"""Models of libraries, small and random, as their users build them: each function gives a model and its arguments."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

import torch

WIDTHS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
WORDS = {"vocab_size": 99, "max_position_embeddings": 64, **WIDTHS}


def tokens(last: int | None = None) -> torch.Tensor:
    made = torch.randint(3, 90, (2, 10))
    if last is not None:
        made[:, -1] = last
    return made


def timm_model(name: str, size: int) -> tuple[Any, dict]:
    """timm imports torchvision, of which its models use only names: where it is not installed they get a stand-in."""
    if importlib.util.find_spec("torchvision") is None:
        names = ("", ".datasets", ".ops", ".ops.misc", ".transforms", ".transforms.functional")
        sys.modules.update({"torchvision" + n: mock.MagicMock() for n in names})
        sys.modules["torchvision.ops.misc"].FrozenBatchNorm2d = type("FrozenBatchNorm2d", (torch.nn.Module,), {})
        sys.modules["torchvision.transforms"].ToTensor = object
    import timm

    model = timm.create_model(name, num_classes=7)
    with torch.no_grad():  # as after some training: no head of zeros, no layer scaled to nothing
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape))
    return model, {"x": torch.randn(2 if name in PAIRS else 1, 3, size, size)}


# torch 2.13's batch norm gives its weight and bias wrong gradients, on the CPU and in eval mode, for a single picture whose
# gradient comes in another order of dimensions (they are not the sums of that gradient, nor are they in float64). Not for two.
PAIRS = ("levit_128s", "xcit_nano_12_p16_224")
# One small network of each of timm's families, and the size of its pictures. densenet121's is 96: of this seed's picture of 64
# torch's own float32 gradients are 3 % from those of float64.
TIMM = {
    "resnet18": 64, "vit_tiny_patch16_224": 224, "convnext_atto": 64, "efficientnet_b0": 64, "mobilenetv3_small_050": 64,
    "mobilenetv4_conv_small": 64, "regnetx_002": 64, "mixer_s32_224": 224, "deit_tiny_patch16_224": 224, "poolformer_s12": 64,
    "ghostnet_050": 64, "edgenext_xx_small": 64, "mobilevit_xxs": 64, "levit_128s": 224, "xcit_nano_12_p16_224": 224,
    "crossvit_tiny_240": 240, "pit_ti_224": 224, "gmixer_12_224": 224, "resmlp_12_224": 224, "tinynet_e": 64, "lcnet_035": 64,
    "repvgg_a0": 64, "rexnetr_100": 64, "coat_lite_tiny": 224, "efficientvit_b0": 64, "fastvit_t8": 64, "starnet_s1": 64,
    "inception_next_atto": 64, "tiny_vit_5m_224": 224, "ese_vovnet19b_dw": 64, "pvt_v2_b0": 64, "eva02_tiny_patch14_224": 224,
    "mambaout_femto": 64, "hgnetv2_b0": 64, "maxvit_rmlp_pico_rw_256": 256, "swin_tiny_patch4_window7_224": 224,
    "densenet121": 96, "res2next50": 64, "cspresnet50": 64, "dpn48b": 64,
}  # fmt: skip


def bert() -> tuple[Any, dict]:
    from transformers import BertConfig, BertForSequenceClassification

    mask = torch.ones(2, 10, dtype=torch.long)
    mask[1, 6:] = 0
    model = BertForSequenceClassification(BertConfig(num_labels=3, **WORDS))
    return model, {"input_ids": tokens(), "attention_mask": mask, "labels": torch.tensor([0, 2])}


def causal(family: str, **settings: Any) -> tuple[Any, dict]:
    """A model that continues text, of a family whose settings have the usual names."""
    import transformers

    config = getattr(transformers, f"{family}Config")(pad_token_id=0, **WORDS, **settings)
    given = tokens()
    return getattr(transformers, f"{family}ForCausalLM")(config), {"input_ids": given, "labels": given}


def roberta() -> tuple[Any, dict]:
    from transformers import RobertaConfig, RobertaForMaskedLM

    given = tokens()
    return RobertaForMaskedLM(RobertaConfig(**WORDS)), {"input_ids": given, "labels": given}


def gpt2() -> tuple[Any, dict]:
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"vocab_size": 99, "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 4}
    given = tokens()
    config = GPT2Config(bos_token_id=0, eos_token_id=98, pad_token_id=0, **sizes)
    return GPT2LMHeadModel(config), {"input_ids": given, "labels": given}


def t5() -> tuple[Any, dict]:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0)
    return T5ForConditionalGeneration(config), {"input_ids": tokens(), "labels": tokens()}


def vit() -> tuple[Any, dict]:
    from transformers import ViTConfig, ViTForImageClassification

    model = ViTForImageClassification(ViTConfig(image_size=32, patch_size=8, num_labels=5, **WIDTHS))
    return model, {"pixel_values": torch.randn(2, 3, 32, 32), "labels": torch.tensor([1, 4])}


def clip() -> tuple[Any, dict]:
    from transformers import CLIPConfig, CLIPModel

    text = {"projection_dim": 16, "eos_token_id": 98, "bos_token_id": 97, **WORDS}
    image = {"projection_dim": 16, "image_size": 32, "patch_size": 8, **WIDTHS}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=image, projection_dim=16))
    return model, {"input_ids": tokens(98), "pixel_values": torch.randn(2, 3, 32, 32), "return_loss": True}


def whisper() -> tuple[Any, dict]:
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    sizes = {"vocab_size": 99, "d_model": 32, "num_mel_bins": 8, "max_source_positions": 20, "max_target_positions": 30}
    layers = {f"{side}_{what}": n for side in ("encoder", "decoder") for what, n in
              (("layers", 2), ("attention_heads", 4), ("ffn_dim", 64))}  # fmt: skip
    words = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    config = WhisperConfig(suppress_tokens=None, begin_suppress_tokens=None, **sizes, **layers, **words)
    return WhisperForConditionalGeneration(config), {"input_features": torch.randn(2, 8, 40), "labels": tokens()}


MODELS: dict[str, Callable[[], tuple[Any, dict]]] = {
    **{f"timm-{name}": partial(timm_model, name, size) for name, size in TIMM.items()},
    "bert": bert,
    "roberta": roberta,
    "gpt2": gpt2,
    "llama": partial(causal, "Llama", num_key_value_heads=2),
    "mistral": partial(causal, "Mistral", num_key_value_heads=2, sliding_window=6),
    "t5": t5,
    "vit": vit,
    "clip": clip,
    "whisper": whisper,
}
CONTINUED = ("gpt2", "llama", "mistral", "t5", "whisper")  # those with `generate`
