"""Every name of torch.nn and its submodules is here, but for those that are listed with a reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings

import pytest
import torch

# Modules whose insides belong to torch alone.
INTERNAL = (
    "torch.nn.intrinsic", "torch.nn.qat", "torch.nn.quantizable", "torch.nn.quantized",  # they forward to torch.ao
    "torch.nn.attention._", "torch.nn.attention.experimental",  # kernels for certain GPUs
    "torch.nn.attention.varlen",  # likewise
    "torch.nn.backends", "torch.nn.cpp",  # C++ frontends
    "torch.nn.utils._",  # expanded weights and other machinery
    "torch.nn.parallel",
)  # fmt: skip
# Names that concern distributed and quantized layers.
ELSEWHERE = {
    "DataParallel", "SyncBatchNorm", "sync_batch_norm", "intrinsic", "qat", "quantizable", "quantized", "backends",
}  # fmt: skip
# Pieces of torch's documentation, and tables of its own functions.
DOCUMENTS = {
    "GRID_SAMPLE_INTERPOLATION_MODES", "GRID_SAMPLE_PADDING_MODES", "assert_int_or_pair", "grad", "reproducibility_notes",
    "sparse_support_notes", "tf32_notes", "TYPE_CHECKING",
}  # fmt: skip
# Members that say how torch is built: what its compiler of scripts keeps, and helpers inside a class.
BUILT = {
    "__constants__", "__deprecated__", "__jit_unused_properties__", "__slots__", "__setstate__", "_adjust",
    "_ceil_div", "_check_input_dim",
    "_compute_batch_chunk_size", "_fill_padding_idx_with_zero", "_maybe_warn_non_full_backward_hook", "_require_tuple_int",
    "_resolve_auto_acc_dtype", "_slow_forward",
}  # fmt: skip


def modules():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [m.name for m in pkgutil.walk_packages(torch.nn.__path__, "torch.nn.", onerror=lambda name: None)]
    return ["torch.nn", *(name for name in found if not name.startswith(INTERNAL))]


@pytest.mark.parametrize("name", modules())
def test_public_names(name):
    theirs = importlib.import_module(name)
    ours = importlib.import_module(name.replace("torch", "torchlike", 1))
    public = getattr(theirs, "__all__", None) or [n for n in dir(theirs) if not n.startswith("_")]
    wanted = {n for n in public if _own(getattr(theirs, n, None), name)} - ELSEWHERE
    if name == "torch.nn.functional":
        wanted -= DOCUMENTS
    if name == "torch.nn.modules.loss":
        wanted.remove("LinearCrossEntropyLoss")  # in a file of its own, which needs this one
    assert sorted(n for n in wanted if not hasattr(ours, n)) == []


def _own(value, module):
    return getattr(value, "__module__", module).startswith("torch.nn") and not isinstance(value, type(pytest))


CLASSES = [n for n, c in vars(torch.nn).items() if inspect.isclass(c) and n not in ELSEWHERE]


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name):
    """The same home, the same bases' names, the same members and the same signature."""
    theirs, ours = getattr(torch.nn, name), getattr(importlib.import_module("torchlike.nn"), name)
    from torchlike.serialization.names import in_torch

    assert in_torch(ours) == (theirs.__module__, theirs.__qualname__)
    if issubclass(theirs, torch.Tensor):
        return
    assert sorted(set(dir(theirs)) - set(dir(ours)) - BUILT) == []
    signatures = [[(p.name, p.kind) for p in inspect.signature(c.__init__).parameters.values()] for c in (ours, theirs)]
    assert signatures[0] == signatures[1]


@pytest.mark.parametrize(
    "line",
    [
        "from torch.nn.modules.utils import _pair, _ntuple, _single, _triple, _quadruple, _reverse_repeat_tuple",
        "from torch.nn.modules.batchnorm import _BatchNorm, _NormBase, _LazyNormBase",
        "from torch.nn.modules.instancenorm import _InstanceNorm",
        "from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd, _ConvTransposeMixin",
        "from torch.nn.modules.pooling import _MaxPoolNd, _AvgPoolNd, _AdaptiveAvgPoolNd, _AdaptiveMaxPoolNd, _MaxUnpoolNd",
        "from torch.nn.modules.padding import _ConstantPadNd, _ReflectionPadNd, _ReplicationPadNd, _CircularPadNd",
        "from torch.nn.modules.dropout import _DropoutNd",
        "from torch.nn.modules.loss import _Loss, _WeightedLoss",
        "from torch.nn.modules.module import _addindent, _IncompatibleKeys, _EXTRA_STATE_KEY_SUFFIX",
        "from torch.nn.modules.linear import NonDynamicallyQuantizableLinear",
        "from torch.nn.modules.activation import MultiheadAttention",
        "from torch.nn.modules.container import ParameterList, ModuleList, Container",
        "from torch.nn.modules.transformer import _get_activation_fn, _get_clones",
        "from torch.nn.common_types import _size_1_t, _size_2_t, _size_3_t, _size_any_t, _maybe_indices_t",
        "from torch.nn.parameter import Parameter, UninitializedTensorMixin, is_lazy",
        "from torch.nn.init import _calculate_correct_fan, _calculate_fan_in_and_fan_out, _no_grad_trunc_normal_",
        "from torch.nn.utils.clip_grad import _tensor_or_tensors, _get_total_norm, _clip_grads_with_norm_",
        "from torch.nn.utils.stateless import _reparametrize_module, _functional_call",
        "from torch.nn.utils.spectral_norm import SpectralNorm",
        "from torch.nn.utils.weight_norm import WeightNorm",
        "from torch.nn.utils.parametrize import _cache, _cache_enabled",
        "from torch.nn.attention.flex_attention import _DEFAULT_SPARSE_BLOCK_SIZE, _mask_mod_signature, _score_mod_signature",
        "from torch.nn.grad import conv2d_input",
        "from torch.nn._reduction import get_enum",
    ],
)
def test_import_lines_of_libraries(line):
    exec(line, {})  # torch itself has them
    exec(line.replace("from torch.", "from torchlike."), {})


def test_factory_kwargs(same):
    def code(t):
        found = [t.nn.factory_kwargs(None), t.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": t.float64}})]
        for wrong in ({"q": 1}, {"device": 1, "factory_kwargs": {"device": 2}}):
            try:
                t.nn.factory_kwargs(wrong)
            except TypeError as error:
                found.append(error)
        return found

    same(code)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_gradients_of_convolutions(same, ndim):
    def code(t):
        x, w = t.ones(2, 2, *[5] * ndim), t.linspace(-1, 1, 4 * 3**ndim).view(4, 1, *[3] * ndim)
        g = t.linspace(0, 1, 8 * 3**ndim).view(2, 4, *[3] * ndim)
        grads = importlib.import_module(f"{t.__name__}.nn.grad")
        given = {"stride": 2, "padding": 1, "groups": 2}
        name = f"conv{ndim}d"
        return getattr(grads, f"{name}_input")(x.shape, w, g, **given), getattr(grads, f"{name}_weight")(x, w.shape, g, **given)

    same(code, rtol=1e-4, atol=1e-5)


def test_reductions(same):
    def code(t):
        r = importlib.import_module(f"{t.__name__}.nn._reduction")
        found = [r.get_enum(n) for n in ("none", "mean", "elementwise_mean", "sum")]
        found += [r.legacy_get_string(a, b) for a in (None, True, False) for b in (None, True, False)]
        found.append(r.legacy_get_enum(False, True, emit_warning=False))
        try:
            r.get_enum("q")
        except ValueError as error:
            found.append(error)
        return found

    same(code)
