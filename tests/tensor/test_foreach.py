"""`torch._foreach_*`, `torch._check*`, `torch.quasirandom` and `torch.cuda` without a GPU, against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchlike
from torchlike import _foreach

NAMES = sorted(_foreach.FUNCTIONS)
UNARY = {f"_foreach_{name}" for name in _foreach._UNARY} | {"_foreach_zero", "_foreach_norm", "_foreach_max"}


def lists(library, count=1):
    rng = np.random.default_rng(0)
    return [[library.from_numpy(rng.random(shape).astype(np.float32) + 0.1) for shape in ((3,), (2, 2))] for _ in range(count)]


def calls(name):
    """Ways to call a function, as (number of lists, other arguments)."""
    plain = name.rstrip("_")
    if plain in UNARY:
        return [(1, (), {})]
    if plain == "_foreach_copy":
        return [(2, (), {})]
    if plain == "_foreach_lerp":
        return [(2, (0.3,), {}), (3, (), {})]
    if plain == "_foreach_mm":
        return []
    if plain.startswith("_foreach_addc"):
        return [(3, (), {"value": 0.5}), (3, ([2.0, 3.0],), {})]
    return [(1, (2.0,), {}), (1, ([2.0, 3.0],), {}), (2, (), {})]


@pytest.mark.parametrize("name", NAMES)
def test_foreach(name):
    for count, args, options in calls(name):
        found = []
        for library in (torchlike, torch):
            first, *others = lists(library, count)
            made = getattr(library, name)(first, *others, *args, **options)
            assert all((a is b) is name.endswith("_") for a, b in zip(made, first, strict=True))
            found.append([t.numpy() for t in made])
        for mine, other in zip(*found, strict=True):
            np.testing.assert_allclose(mine, other, rtol=2e-6, atol=2e-6)


def test_names():
    assert {n for n in dir(torch) if n.startswith("_foreach_")} - set(NAMES) == {"_foreach_powsum"}


@pytest.mark.parametrize(
    "call", [lambda t, x: t._foreach_add(x, x[:1]), lambda t, x: t._foreach_add(x, [1.0]), lambda t, x: t._foreach_exp([])]
)
def test_foreach_errors(call):
    texts = []
    for library in (torchlike, torch):
        with pytest.raises(RuntimeError) as caught:
            call(library, lists(library)[0])
        texts.append(str(caught.value))
    assert texts[0][:20] == texts[1][:20]


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t._check(False),
        lambda t: t._check(False, lambda: "mine"),
        lambda t: t._check(1),
        lambda t: t._check_index(False, lambda: "mine"),
        lambda t: t._check_value(False),
        lambda t: t._check_type(False),
        lambda t: t._check_not_implemented(False),
        lambda t: t._check_tensor_all(t.tensor([True, False])),
        lambda t: t._assert(t.tensor(False), "mine"),
    ],
)
def test_checks(call):
    kinds = []
    for library in (torchlike, torch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is compared
            call(library)
        kinds.append((caught.type, "mine" in str(caught.value)))
    assert kinds[0] == kinds[1]


def test_checks_that_hold():
    with pytest.raises(RuntimeError):
        torchlike._check_is_size(-1)  # torch warns that it will go
    torchlike._check(True)
    torchlike._check_is_size(3, max=4)
    torchlike._check_tensor_all(torchlike.ones(2, dtype=torchlike.bool))
    torchlike._assert(True, "")
    torchlike._assert_async(torchlike.ones(1))
    assert (torchlike.sym_max(1, 2.0), torchlike.sym_int(2.5), torchlike.sym_not(True)) == (2.0, 2, False)


@pytest.mark.parametrize("dimension", [1, 2, 7, 300])
def test_sobol(dimension):
    mine, other = torchlike.quasirandom.SobolEngine(dimension), torch.quasirandom.SobolEngine(dimension)
    for step in (lambda e: e.draw(5), lambda e: e.fast_forward(3).draw(2), lambda e: e.reset().draw_base2(3)):
        np.testing.assert_array_equal(step(mine).numpy(), step(other).numpy())
    assert repr(mine) == repr(other)
    with pytest.raises(ValueError, match="power of 2"):
        mine.draw_base2(1)
    scrambled = torchlike.quasirandom.SobolEngine(dimension, scramble=True, seed=3).draw(64).numpy()
    assert 0 <= scrambled.min() <= scrambled.max() < 1
    assert abs(scrambled.mean() - 0.5) < 0.02


CUDA = {
    "is_available": (), "device_count": (), "memory_allocated": (), "max_memory_allocated": (), "memory_reserved": (),
    "max_memory_reserved": (), "is_bf16_supported": (), "is_initialized": (), "get_device_properties": (0,),
    "get_device_capability": (), "current_device": (), "mem_get_info": (), "init": (), "get_arch_list": (),
}  # fmt: skip


@pytest.mark.parametrize("name", CUDA)
def test_cuda_without_a_gpu(name):
    def outcome(library):
        try:
            return getattr(library.cuda, name)(*CUDA[name])
        except AssertionError as error:
            return str(error)

    assert outcome(torchlike) == outcome(torch)


def test_events_and_streams():
    start, end = (torchlike.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    torchlike.cuda.current_stream().record_event(end)
    assert start.elapsed_time(end) >= 0
    with pytest.raises(ValueError, match="enable_timing"):
        torchlike.cuda.Event().elapsed_time(end)
    with torchlike.cuda.stream(torchlike.cuda.Stream()), torchlike.cuda.device(-1):
        torchlike.cuda.synchronize()


def test_extensions_say_what_to_do():
    from torchlike.utils import cpp_extension

    with pytest.raises(NotImplementedError, match="from_jax"):
        cpp_extension.load("mine", ["mine.cpp"])


def test_extensions_without_torch_are_built(tmp_path, monkeypatch):
    """A module in C through `BuildExtension`; one with torch's headers says what it needs; CUDA as torch without CUDA."""
    import setuptools

    from torchlike.utils import cpp_extension

    source = tmp_path / "plain.c"
    source.write_text(
        "#include <Python.h>\n"
        'static struct PyModuleDef of = {PyModuleDef_HEAD_INIT, "plain_of_tests", NULL, -1, NULL};\n'
        "PyMODINIT_FUNC PyInit_plain_of_tests(void) { return PyModule_Create(&of); }\n"
    )
    other = tmp_path / "other.cpp"
    other.write_text("#include <torch/extension.h>\n")

    def build(name, path):
        extension = cpp_extension.CppExtension(name, [str(path)], extra_compile_args={"cxx": ["-O0"], "nvcc": ["-O3"]})
        folders = ["--build-temp", str(tmp_path / "temp"), "--build-lib", str(tmp_path / "lib")]
        setuptools.setup(
            name=name, ext_modules=[extension], script_args=["-q", "build_ext", *folders],
            cmdclass={"build_ext": cpp_extension.BuildExtension.with_options(use_ninja=False)},
        )  # fmt: skip

    monkeypatch.chdir(tmp_path)
    build("plain_of_tests", source)
    assert [path.name.split(".")[0] for path in (tmp_path / "lib").iterdir()] == ["plain_of_tests"]
    with pytest.raises(NotImplementedError, match="which is not here"):
        build("other_of_tests", other)
    monkeypatch.setattr(cpp_extension, "CUDA_HOME", None)
    with pytest.raises(OSError, match="CUDA_HOME environment variable is not set"):
        cpp_extension.CUDAExtension("a", ["a.cu"])


def test_limits_are_attributes_of_the_class():
    assert all(hasattr(torchlike.finfo, name) for name in ("min", "max", "eps", "tiny", "bits"))
    assert all(hasattr(torchlike.iinfo, name) for name in ("min", "max", "bits"))
