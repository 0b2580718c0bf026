"""`torch._inductor.config`: settings of torch's compiler, which scripts write. Nothing reads them."""

from __future__ import annotations

from types import SimpleNamespace

coordinate_descent_tuning = False
conv_1x1_as_mm = False
epilogue_fusion = True
force_fuse_int_mm_with_mul = False
fx_graph_cache = True
fx_graph_remote_cache = None
max_autotune = False
max_autotune_gemm = False
max_autotune_gemm_backends = "ATEN"
compile_threads = 1
debug = False
freezing = False
reorder_for_peak_memory = True
use_mixed_mm = False
triton = SimpleNamespace(
    unique_kernel_names=True, cudagraphs=False, cudagraph_trees=True, descriptive_names="original_aten", store_cubin=False
)
cpp = SimpleNamespace(threads=-1, simdlen=None, enable_kernel_profile=False)
trace = SimpleNamespace(enabled=False, graph_diagram=False)
