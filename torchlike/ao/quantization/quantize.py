"""The steps: prepare (observers in), calibrate or train, convert (integers in)."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from torchlike.ao.nn import quantizable, quantized
from torchlike.ao.nn.intrinsic.modules.fused import _FusedModule
from torchlike.ao.nn.quantizable.modules.steps import STEPS
from torchlike.ao.nn.quantized.modules.functional_modules import FloatFunctional, QFunctional
from torchlike.ao.quantization.fake_quantize import FakeQuantizeBase
from torchlike.ao.quantization.observer import ObserverBase
from torchlike.ao.quantization.qconfig import (
    _activation_is_memoryless,
    _assert_valid_qconfig,
    default_dynamic_qconfig,
    float16_dynamic_qconfig,
    float_qparams_weight_only_qconfig,
    float_qparams_weight_only_qconfig_4bit,
)
from torchlike.ao.quantization.quantization_mappings import (
    _get_special_act_post_process,
    _has_special_act_post_process,
    get_default_dynamic_quant_module_mappings,
    get_default_qat_module_mappings,
    get_default_qconfig_propagation_list,
    get_default_static_quant_module_mappings,
    no_observer_set,
)
from torchlike.ao.quantization.stubs import DeQuantStub, QuantWrapper
from torchlike.ao.quantization.utils import has_no_children_ignoring_parametrizations
from torchlike.base import dtypes
from torchlike.nn import modules as nn
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.parametrize import type_before_parametrizations

__all__ = [
    "add_quant_dequant", "convert", "default_eval_fn", "get_default_custom_config_dict", "prepare", "prepare_qat",
    "propagate_qconfig_", "quantize", "quantize_dynamic", "quantize_qat", "swap_module",
]  # fmt: skip


_CUSTOM: dict[str, dict] = {
    "float_to_observed_custom_module_class": {
        nn.LSTM: quantizable.LSTM, nn.MultiheadAttention: quantizable.MultiheadAttention
    },
    "observed_to_quantized_custom_module_class": {
        quantizable.LSTM: quantized.LSTM, quantizable.MultiheadAttention: quantized.MultiheadAttention
    },
}  # fmt: skip


def get_default_custom_config_dict() -> dict[str, dict]:
    """Classes with an observed form of their own, and what these become: `nn.LSTM` and `nn.MultiheadAttention`."""
    return _CUSTOM


def _custom(given: dict[str, dict] | None, key: str) -> dict:
    return (_CUSTOM if given is None else given).get(key, {})


def is_activation_post_process(module: Any) -> bool:
    """Whether it is an observer or a fake quantizer."""
    return isinstance(module, (ObserverBase, FakeQuantizeBase))


# ---- prepare ----------------------------------------------------------------------------------------------------------


def propagate_qconfig_(
    module: Module, qconfig_dict: dict | None = None, prepare_custom_config_dict: dict | None = None
) -> None:
    """Give each submodule the qconfig of the nearest module above that has one.

    Args:
        qconfig_dict: qconfigs by name or by class, for those that have none of their own.
    """
    custom = prepare_custom_config_dict or {}
    _propagate(module, qconfig_dict or {}, None, "", custom)


def _propagate(module: Any, by: dict, above: Any, name: str, custom: dict) -> None:
    found = by.get(type_before_parametrizations(module), above)
    found = by.get(name, found)
    found = getattr(module, "qconfig", found)
    _assert_valid_qconfig(found, module)
    module.qconfig = found
    for child_name, child in module.named_children():
        left_out = child_name in custom.get("non_traceable_module_name", []) or type(child) in custom.get(
            "non_traceable_module_class", []
        )
        if not left_out:
            _propagate(child, by, found, f"{name}.{child_name}" if name else child_name, custom)


def _observer_forward_hook(self: Any, input: Any, output: Any) -> Any:
    return self.activation_post_process(output)


def _observer_forward_pre_hook(self: Any, input: Any) -> Any:
    return self.activation_post_process(input[0])


def _observe(module: Any, special: Callable | None = None) -> None:
    """Give a module that has a qconfig an observer, and the hook that calls it."""
    if getattr(module, "qconfig", None) is None or isinstance(module, DeQuantStub):
        return
    made = module.qconfig.activation() if special is None else special()
    places = {t.device for t in (*module.parameters(), *module.buffers()) if t.device.type != "meta"}
    if places:
        made.to(next(iter(places)))
    module.add_module("activation_post_process", made)
    if _activation_is_memoryless(module.qconfig):
        module.register_forward_pre_hook(_observer_forward_pre_hook, prepend=True)
    else:
        module.register_forward_hook(_observer_forward_hook, prepend=True)


def _add_observers(module: Module, wanted: set, whole: set, custom: dict) -> None:
    """Observers for the leaves below `module` that are in `wanted`, and for modules in `whole` as they are."""
    for name, child in module.named_children():
        kind = type_before_parametrizations(child)
        if kind is nn.Dropout:
            continue
        if issubclass(kind, (FloatFunctional, QFunctional)):
            if getattr(child, "qconfig", None) is not None:
                child.activation_post_process = child.qconfig.activation()
        elif isinstance(child, _FusedModule) or kind in whole:
            _observe(child)
        elif _has_special_act_post_process(child):
            _observe(child, _get_special_act_post_process(child))
        elif getattr(child, "qconfig", None) is not None and kind in custom:
            observed = custom[kind].from_float(child)
            setattr(module, name, observed)
            if not isinstance(observed, tuple(no_observer_set())):
                _observe(observed)
        else:
            _add_observers(child, wanted, whole, custom)
    leaf = has_no_children_ignoring_parametrizations(module) or hasattr(module, "weight_fake_quant")
    if leaf and not isinstance(module, nn.Sequential) and type_before_parametrizations(module) in wanted:
        _observe(module)


def add_quant_dequant(module: Module) -> Module:
    """Each leaf that has a qconfig between stubs of its own."""
    if has_no_children_ignoring_parametrizations(module) and getattr(module, "qconfig", None):
        return QuantWrapper(module)
    for name, child in module.named_children():
        module._modules[name] = add_quant_dequant(child)
    return module


def prepare(
    model: Any, inplace: bool = False, allow_list: Any = None, observer_non_leaf_module_list: Any = None,
    prepare_custom_config_dict: dict | None = None,
) -> Any:  # fmt: skip
    """A copy of the model with observers after all layers that can be quantized: calibrate it by running it on data.

    What is quantized is said by attributes `qconfig`, on the model or on submodules; None leaves a submodule out.

    Args:
        inplace: change the model itself.
    """
    custom = _custom(prepare_custom_config_dict, "float_to_observed_custom_module_class")
    model = model if inplace else copy.deepcopy(model)
    propagate_qconfig_(model)
    if not any(getattr(m, "qconfig", None) for m in model.modules()):
        warnings.warn(
            "None of the submodule got qconfig applied. Make sure you passed correct configuration through `qconfig_dict` or "
            "by assigning the `.qconfig` attribute directly on submodules",
            stacklevel=2,
        )
    wanted = get_default_qconfig_propagation_list() if allow_list is None else set(allow_list)
    _add_observers(model, wanted, set(observer_non_leaf_module_list or ()), custom)
    return model


def prepare_qat(model: Any, mapping: dict | None = None, inplace: bool = False) -> Any:
    """A copy of the model that trains with weights and activations rounded.

    Raises:
        AssertionError: in evaluation mode.
    """
    if not model.training:
        raise AssertionError("prepare_qat only works on models in training mode")
    mapping = get_default_qat_module_mappings() if mapping is None else mapping
    model = model if inplace else copy.deepcopy(model)
    propagate_qconfig_(model)
    convert(model, mapping, inplace=True, remove_qconfig=False)
    prepare(model, inplace=True, observer_non_leaf_module_list=set(mapping.values()))
    return model


# ---- convert ----------------------------------------------------------------------------------------------------------


def convert(
    module: Any, mapping: dict | None = None, inplace: bool = False, remove_qconfig: bool = True, is_reference: bool = False,
    convert_custom_config_dict: dict | None = None, use_precomputed_fake_quant: bool = False,
) -> Any:  # fmt: skip
    """A copy of a calibrated model whose layers are on integers.

    Args:
        mapping: from a module's class to the class whose `from_float` takes it.
        inplace: change the model itself.
    """
    if is_reference:
        raise NotImplementedError("torchlike has no reference quantized modules (convert(is_reference=True))")
    module = module if inplace else copy.deepcopy(module)
    mapping = get_default_static_quant_module_mappings() if mapping is None else mapping
    custom = _custom(convert_custom_config_dict, "observed_to_quantized_custom_module_class")
    _convert(module, mapping, custom, use_precomputed_fake_quant)
    if remove_qconfig:
        _clean(module)
    return module


def _convert(module: Module, mapping: dict, custom: dict, precomputed: bool) -> None:
    swapped = {}
    for name, child in module.named_children():
        if not isinstance(child, _FusedModule) and type_before_parametrizations(child) not in custom:
            _convert(child, mapping, custom, precomputed)
        swapped[name] = swap_module(child, mapping, custom, precomputed)
    module._modules.update(swapped)


def swap_module(mod: Any, mapping: dict, custom_module_class_mapping: dict, use_precomputed_fake_quant: bool = False) -> Any:
    """The module that `mod` becomes: itself where it has no qconfig, or `mapping` does not know it."""
    if getattr(mod, "qconfig", None) is None:
        return mod
    kind = type_before_parametrizations(mod)
    if kind in custom_module_class_mapping:
        made = custom_module_class_mapping[kind].from_observed(mod)
    elif kind in mapping:
        make = mapping[kind].from_float
        known = "use_precomputed_fake_quant" in inspect.signature(make).parameters
        made = make(mod, **({"use_precomputed_fake_quant": use_precomputed_fake_quant} if known else {}))
    else:
        return mod
    for hook in mod._forward_pre_hooks.values():
        made.register_forward_pre_hook(hook)
    for hook in mod._forward_hooks.values():
        if hook is not _observer_forward_hook:
            made.register_forward_hook(hook)
    return made


def _clean(module: Any) -> None:
    """Take qconfigs, observers and their hooks out."""
    for child in module.children():
        _clean(child)
    if hasattr(module, "qconfig"):
        del module.qconfig
    if is_activation_post_process(getattr(module, "activation_post_process", None)):
        del module.activation_post_process
    for hooks, hook in (
        (module._forward_pre_hooks, _observer_forward_pre_hook), (module._forward_hooks, _observer_forward_hook)
    ):  # fmt: skip
        for key in [k for k, h in hooks.items() if h is hook]:
            del hooks[key]


STEPS.update(prepare=prepare, prepare_qat=prepare_qat, convert=convert)


# ---- all at once ------------------------------------------------------------------------------------------------------


def default_eval_fn(model: Any, calib_data: Any) -> None:
    """Run the model on the inputs of (input, target) pairs: a `run_fn` for `quantize`."""
    for data, _ in calib_data:
        model(data)


def quantize(model: Any, run_fn: Callable, run_args: Any, mapping: dict | None = None, inplace: bool = False) -> Any:
    """`prepare`, `run_fn(model, *run_args)` to calibrate, `convert`."""
    model = (model if inplace else copy.deepcopy(model)).eval()
    prepare(model, inplace=True)
    run_fn(model, *run_args)
    return convert(model, mapping, inplace=True)


def quantize_qat(model: Any, run_fn: Callable, run_args: Any, inplace: bool = False) -> Any:
    """`prepare_qat`, `run_fn(model, *run_args)` to train, `convert`."""
    model = (model if inplace else copy.deepcopy(model)).train()
    prepare_qat(model, inplace=True)
    run_fn(model, *run_args)
    return convert(model, inplace=True)


_BY_DTYPE = {
    dtypes.qint8: default_dynamic_qconfig, dtypes.float16: float16_dynamic_qconfig,
    dtypes.quint8: float_qparams_weight_only_qconfig, dtypes.quint4x2: float_qparams_weight_only_qconfig_4bit,
}  # fmt: skip
_RECURRENT = (nn.Linear, nn.LSTM, nn.GRU, nn.LSTMCell, nn.RNNCell, nn.GRUCell)
_DEFAULT_CLASSES: dict[Any, tuple] = {
    dtypes.qint8: _RECURRENT, dtypes.float16: _RECURRENT, dtypes.quint8: (nn.EmbeddingBag, nn.Embedding),
    dtypes.quint4x2: (nn.EmbeddingBag,),
}  # fmt: skip


def quantize_dynamic(
    model: Any, qconfig_spec: Any = None, dtype: Any = dtypes.qint8, mapping: dict | None = None, inplace: bool = False
) -> Any:
    """A copy of the model whose linear and recurrent layers have int8 weights; activations are quantized by their own range.

    Args:
        qconfig_spec: a set of classes or names of submodules; or a dict from these to qconfigs.
        dtype: qint8 or float16; quint8 for embeddings.

    >>> import torchlike as torch
    >>> quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(2, 3)), {torch.nn.Linear}, torch.qint8)[0]
    DynamicQuantizedLinear(in_features=2, out_features=3, dtype=torch.qint8, qscheme=torch.per_tensor_affine)
    """
    if qconfig_spec is None or isinstance(qconfig_spec, (set, frozenset)):
        if dtype not in _BY_DTYPE:
            if qconfig_spec is None:
                raise ValueError(f"Don't know how to quantize with default settings for {dtype}. Provide full qconfig please")
            raise RuntimeError("Unknown dtype specified for quantize_dynamic: ", str(dtype))
        chosen = _DEFAULT_CLASSES[dtype] if qconfig_spec is None else qconfig_spec
        qconfig_spec = dict.fromkeys(chosen, _BY_DTYPE[dtype])
    mapping = get_default_dynamic_quant_module_mappings() if mapping is None else mapping
    model = (model if inplace else copy.deepcopy(model)).eval()
    propagate_qconfig_(model, qconfig_spec)
    return convert(model, mapping, inplace=True)
