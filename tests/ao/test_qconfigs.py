"""Qconfigs by name and by class, and what can be asked of them, against torch."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.ao.helpers import LIBRARIES, inputs

QCONFIGS = """
    default_qconfig default_per_channel_qconfig default_dynamic_qconfig float16_dynamic_qconfig float16_static_qconfig
    per_channel_dynamic_qconfig float_qparams_weight_only_qconfig float_qparams_weight_only_qconfig_4bit default_qat_qconfig
    default_dynamic_qat_qconfig default_qat_qconfig_v2 default_symmetric_qnnpack_qconfig
    default_per_channel_symmetric_qnnpack_qat_qconfig default_embedding_qat_qconfig default_quint8_weight_qconfig""".split()
QUESTIONS = """
    get_qconfig_dtypes activation_dtype weight_dtype activation_is_dynamically_quantized activation_is_statically_quantized
    activation_is_int8_quantized activation_is_int32_quantized weight_is_quantized weight_is_statically_quantized
    op_is_int8_dynamically_quantized get_quant_type""".split()


def utils(m: Any) -> Any:
    return importlib.import_module(f"{m.__name__}.ao.quantization.utils")


@pytest.mark.parametrize("name", QCONFIGS)
def test_questions(name: str) -> None:
    for question in QUESTIONS:
        expected, found = (
            str(getattr(utils(m), question)(getattr(importlib.import_module(f"{m.__name__}.ao.quantization.qconfig"), name)))
            for m in LIBRARIES
        )
        assert found == expected, question


@pytest.mark.parametrize(
    "name",
    ["default_observer", "default_weight_observer", "default_per_channel_weight_observer", "default_float_qparams_observer",
     "default_placeholder_observer", "default_fixed_qparams_range_0to1_observer"],
)  # fmt: skip
def test_what_was_found_by_name(name: str) -> None:
    expected, found = [], []
    for m, into in zip(LIBRARIES, (expected, found), strict=True):
        observer = getattr(m.ao.quantization, name)()
        observer(m.tensor(inputs(3, 4)[0]))
        into.append(utils(m).get_qparam_dict(observer))
    for key in ("qscheme", "dtype", "axis", "quant_min", "quant_max"):
        assert str(found[0].get(key)) == str(expected[0].get(key))
    assert set(found[0]) == set(expected[0])
    for key in {"scale", "zero_point"} & set(expected[0]):
        np.testing.assert_array_equal(found[0][key].numpy(), expected[0][key].numpy())


def test_dtypes_of_integers() -> None:
    for name in ("quint8", "qint8", "qint32", "quint4x2", "int16", "float8_e5m2"):
        expected, found = (str(utils(m).to_underlying_dtype(getattr(m, name))) for m in LIBRARIES)
        assert found == expected
    with pytest.raises(AssertionError, match="Unsupported dtype"):
        utils(torchlike).to_underlying_dtype(torchlike.float32)


def described(qconfig: Any) -> Any:
    if qconfig is None:
        return None
    made = [qconfig.activation(), qconfig.weight()]
    return [(type(x).__name__, str(getattr(x, "dtype", "")), str(getattr(x, "qscheme", ""))) for x in made]


@pytest.mark.parametrize("backend", ["x86", "qnnpack"])
@pytest.mark.parametrize("qat", [False, True])
@pytest.mark.filterwarnings("ignore:.*get_default_q.*_dict")
def test_default_mappings(backend: str, qat: bool) -> None:
    results = []
    for m in LIBRARIES:
        q = m.ao.quantization
        mapping = (q.get_default_qat_qconfig_mapping if qat else q.get_default_qconfig_mapping)(backend)
        again = q.QConfigMapping.from_dict((q.get_default_qat_qconfig_dict if qat else q.get_default_qconfig_dict)(backend))
        for one in (mapping, again):
            by_type = [(getattr(k, "__name__", k), described(v)) for k, v in one.object_type_qconfigs.items()]
            results.append((described(one.global_qconfig), by_type))
        assert m.sigmoid in mapping.object_type_qconfigs and m.nn.functional.conv_transpose2d in mapping.object_type_qconfigs
    assert results[2] == results[3] == results[0] == results[1]


def test_mappings() -> None:
    results = []
    for m in LIBRARIES:
        mapping = m.ao.quantization.QConfigMapping()
        same = (
            mapping.set_global(None).set_object_type("relu", None).set_module_name_regex("a.*", None).set_module_name("a", None)
            .set_module_name_object_type_order("a", "add", 1, None)
        )  # fmt: skip
        assert same is mapping
        again = m.ao.quantization.QConfigMapping.from_dict(mapping.to_dict())
        results.append((repr(mapping), mapping.to_dict(), repr(again), repr(m.ao.quantization.QConfigMapping.from_dict({}))))
    assert results[1] == results[0]


def test_granularity() -> None:
    for make in (
        lambda q: q.PerTensor(), lambda q: q.PerAxis(1), lambda q: q.PerGroup(2), lambda q: q.PerRow(), lambda q: q.PerToken(),
    ):  # fmt: skip
        expected, found = (m.ao.quantization.get_block_size((4, 8), make(m.ao.quantization)) for m in LIBRARIES)
        assert found == expected
        assert repr(make(torchlike.ao.quantization)) == repr(make(torch.ao.quantization))
    q = torchlike.ao.quantization
    with pytest.raises(AssertionError, match="instance"):
        q.get_block_size((4, 8), q.PerTensor)
    with pytest.raises(ValueError, match="Unsupported"):
        q.get_block_size((4, 8), q.PerBlock((2, 2)))

    class Seen(q.AffineQuantizedObserverBase):
        def forward(self, x: Any) -> Any:
            return x

        def calculate_qparams(self) -> Any:
            return torchlike.ones(1), torchlike.zeros(1)

    made = Seen.with_args(granularity=q.PerTensor())(q.MappingType.SYMMETRIC, torchlike.int8)
    assert made.zero_point_domain is q.ZeroPointDomain.INT and made.block_size is None


def test_older_names() -> None:
    for name in ("observer", "qconfig", "fake_quantize", "quantize", "stubs", "utils", "fuse_modules"):
        assert importlib.import_module(f"torchlike.quantization.{name}") is importlib.import_module(
            f"torchlike.ao.quantization.{name}"
        )
    assert torchlike.quantization.observer.HistogramObserver is torchlike.ao.quantization.HistogramObserver
    assert callable(torchlike.quantization.quantize) and callable(torchlike.quantization.fuse_modules)
    assert torchlike.nn.quantizable.LSTM is torchlike.ao.nn.quantizable.LSTM
    with pytest.raises(NotImplementedError, match="prepare_fx"):
        torchlike.quantization.prepare_fx  # noqa: B018


def test_pickles_name_the_classes_as_torch_does() -> None:
    q, nn = "ao.quantization", "ao.nn"
    places = {
        f"{q}.observer": "MinMaxObserver HistogramObserver PlaceholderObserver UniformQuantizationObserverBase PerAxis",
        f"{q}.stubs": "QuantStub QuantWrapper",
        f"{nn}.quantized.modules.functional_modules": "FloatFunctional QFunctional",
        f"{nn}.quantized.dynamic.modules.rnn": "LSTM LSTMCell GRUCell",
        f"{nn}.quantized.modules.activation": "MultiheadAttention",
        "nn.utils.prune": "PruningContainer L1Unstructured",
    }
    for place, names in places.items():
        module = importlib.import_module(f"torchlike.{place}")
        for name in names.split():
            assert getattr(importlib.import_module(f"torch.{place}"), name).__module__ == f"torch.{place}"
            found = [m for m in (module, torchlike.ao.quantization, torchlike.ao.nn.quantized) if hasattr(m, name)]
            assert getattr(found[0], name).__module__ == f"torchlike.{place}", name
