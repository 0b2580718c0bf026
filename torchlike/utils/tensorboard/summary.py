"""Summaries: what one call of the writer puts into the file, as TensorBoard's own messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams.api_pb2 import Experiment, HParamInfo, MetricInfo, MetricName, Status
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData

from torchlike.utils.tensorboard import _arrays as arrays

_KINDS = {"DT_FLOAT": (float, int), "DT_STRING": (str,)}  # True counts as 1, as in torch


def _tensor(values: np.ndarray, kind: str = "DT_FLOAT") -> TensorProto:
    field = {"DT_FLOAT": "float_val", "DT_DOUBLE": "double_val"}[kind]
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in values.shape])
    return TensorProto(dtype=kind, tensor_shape=shape, **{field: values.reshape(-1).tolist()})


def _plugin(name: str, content: bytes = b"") -> SummaryMetadata:
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=name, content=content))


def _of(tag: str, **value: Any) -> Summary:
    return Summary(value=[Summary.Value(tag=tag, **value)])


def scalar(tag: str, x: Any, new_style: bool = False, double_precision: bool = False) -> Summary:
    """One number."""
    found = arrays.array(x).squeeze()
    if found.ndim:
        raise AssertionError(f"Tensor should contain one element (0 dimensions). Was given size: {found.size}")
    if new_style:
        tensor = _tensor(found.astype(np.float64), "DT_DOUBLE" if double_precision else "DT_FLOAT")
        return _of(tag, tensor=tensor, metadata=_plugin("scalars"))
    return _of(tag, simple_value=float(found))


def tensor(tag: str, x: Any) -> Summary:
    """An array of any shape."""
    found = arrays.array(x)
    return _of(tag, tensor=_tensor(found, "DT_DOUBLE" if found.dtype == np.float64 else "DT_FLOAT"), metadata=_plugin("tensor"))


def _default_bins() -> np.ndarray:
    """Limits that grow by a tenth each, from 1e-12 to 1e20, on both sides of zero."""
    upper, limit = [], 1e-12
    while limit < 1e20:
        upper.append(limit)
        limit *= 1.1
    return np.array([-v for v in reversed(upper)] + [0.0] + upper)


def histogram(tag: str, x: Any, bins: Any = "tensorflow", max_bins: int | None = None) -> Summary:
    """How many values fall between limits; empty bins at both ends are left out.

    Raises:
        ValueError: if there is no value, or nothing falls into a bin.
    """
    values = arrays.array(x).astype(np.float64).reshape(-1)
    if not values.size:
        raise ValueError("The input has no element.")
    counts, limits = np.histogram(values, bins=_default_bins() if isinstance(bins, str) and bins == "tensorflow" else bins)
    if max_bins is not None and len(counts) > max_bins:
        step = len(counts) // max_bins
        counts = np.add.reduceat(counts, range(0, len(counts), step))
        limits = np.append(limits[:-1][::step], limits[-1])
    used = np.nonzero(counts)[0]
    if not len(used):
        raise ValueError("The histogram is empty, please file a bug report.")
    first, last = used[0], used[-1] + 1
    # An empty bin stands before the first, so that TensorBoard knows where that begins.
    counts = np.concatenate([[0], counts[first:last]])
    return histogram_raw(
        tag, values.min(), values.max(), len(values), values.sum(), float(values @ values), limits[first : last + 1], counts
    )


def histogram_raw(
    tag: str, min: float, max: float, num: float, sum: float, sum_squares: float, bucket_limits: Any, bucket_counts: Any
) -> Summary:
    """A histogram whose counts are known."""
    made = HistogramProto(min=min, max=max, num=num, sum=sum, sum_squares=sum_squares,
                          bucket_limit=list(bucket_limits), bucket=list(bucket_counts))  # fmt: skip
    return _of(tag, histo=made)


def image(tag: str, x: Any, layout: str, rescale: float = 1.0, boxes: Any = None, labels: Any = None) -> Summary:
    """An image, or a batch of them as a grid; with boxes (left, top, right, bottom) drawn on it."""
    found = arrays.levels(arrays.as_images(x, layout))
    if boxes is not None:
        found = _drawn(found, arrays.array(boxes).reshape(-1, 4), labels)
    height, width, channels = found.shape
    made = Summary.Image(height=int(height * rescale), width=int(width * rescale), colorspace=channels,
                         encoded_image_string=arrays.png(found, rescale))  # fmt: skip
    return _of(tag, image=made)


def _drawn(image: np.ndarray, boxes: np.ndarray, labels: Any) -> np.ndarray:
    from PIL import Image, ImageDraw  # optional: only images need it

    made = Image.fromarray(image)
    pen = ImageDraw.Draw(made)
    for i, (left, top, right, bottom) in enumerate(boxes.tolist()):
        pen.rectangle((left, top, right, bottom), outline="red", width=2)
        if labels is not None:
            pen.text((left + 2, top + 2), str(labels[i]), fill="red")
    return np.asarray(made)


def video(tag: str, x: Any, rate: float) -> Summary:
    """Films (N, T, C, H, W), one beside the other, as one moving image."""
    found = arrays.levels(arrays.array(x))
    frames = np.stack([arrays.as_images(found[:, t], "NCHW") for t in range(found.shape[1])])
    _, height, width, channels = frames.shape
    made = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=arrays.gif(frames, rate))
    return _of(tag, image=made)


def audio(tag: str, x: Any, rate: int) -> Summary:
    """A sound (1, L) or (L,) of -1 to 1."""
    found = arrays.array(x).squeeze()
    if found.ndim != 1:
        raise AssertionError("input tensor should be 1 dimensional.")
    made = Summary.Audio(sample_rate=rate, num_channels=1, length_frames=len(found), content_type="audio/wav",
                         encoded_audio_string=arrays.wav(found, rate))  # fmt: skip
    return _of(tag, audio=made)


def text(tag: str, content: str) -> Summary:
    """A text, as Markdown."""
    made = TensorProto(dtype="DT_STRING", string_val=[content.encode()],
                       tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]))  # fmt: skip
    return _of(f"{tag}/text_summary", tensor=made, metadata=_plugin("text"))


def pr_curve(tag: str, labels: Any, predictions: Any, count: int = 127, weights: Any = None) -> Summary:
    """Precision and recall at `count` thresholds (127 at most) of predictions from 0 to 1 of labels 0 and 1."""
    count = min(count, 127)
    labels, predictions = arrays.array(labels).reshape(-1), arrays.array(predictions).reshape(-1)
    weight = np.ones(len(labels)) if weights is None else arrays.array(weights).reshape(-1)
    at = np.floor(predictions * (count - 1)).astype(np.int64)
    hits, misses = (
        np.bincount(at, np.asarray(w * weight, np.float64), count)[:count][::-1].cumsum()[::-1]
        for w in (labels.astype(np.float64), 1.0 - labels.astype(np.float64))
    )
    fn, tn = hits[0] - hits, misses[0] - misses
    precision = hits / np.maximum(1e-7, hits + misses)
    return pr_curve_raw(tag, hits, misses, tn, fn, precision, hits / np.maximum(1e-7, hits + fn), count)


def pr_curve_raw(tag: str, tp: Any, fp: Any, tn: Any, fn: Any, precision: Any, recall: Any, count: int = 127) -> Summary:
    """A curve whose counts are known, (thresholds,) each."""
    content = PrCurvePluginData(version=0, num_thresholds=min(count, 127)).SerializeToString()
    data = np.stack([arrays.array(v) for v in (tp, fp, tn, fn, precision, recall)])
    return _of(tag, tensor=_tensor(data), metadata=_plugin("pr_curves", content))


def hparams(settings: dict, metrics: dict, domains: dict | None = None) -> tuple[Summary, Summary, Summary]:
    """The experiment, the start and the end of a run with these settings.

    Raises:
        TypeError: if one of them is no dict. ValueError: for a setting that is no bool, text, number or tensor.
    """
    if not isinstance(settings, dict) or not isinstance(metrics, dict):
        raise TypeError("hparam_dict and metric_dict must be dictionaries")
    start, infos = SessionStartInfo(), []
    for name, value in settings.items():
        if value is None:
            continue
        value = value if isinstance(value, (bool, str, int, float)) else _number(name, value)
        kind = next(k for k, types in _KINDS.items() if isinstance(value, types))
        field = {"DT_STRING": "string_value", "DT_FLOAT": "number_value"}[kind]
        setattr(start.hparams[name], field, value)
        info = HParamInfo(name=name, type="DATA_TYPE_FLOAT64" if kind == "DT_FLOAT" else f"DATA_TYPE_{kind[3:]}")
        for choice in (domains or {}).get(name, ()):
            setattr(info.domain_discrete.values.add(), field, choice)
        infos.append(info)
    measured = [MetricInfo(name=MetricName(tag=name)) for name in metrics]
    parts = {
        "_hparams_/experiment": HParamsPluginData(experiment=Experiment(hparam_infos=infos, metric_infos=measured), version=0),
        "_hparams_/session_start_info": HParamsPluginData(session_start_info=start, version=0),
        "_hparams_/session_end_info": HParamsPluginData(
            session_end_info=SessionEndInfo(status=Status.Value("STATUS_SUCCESS")), version=0
        ),
    }
    first, second, third = (_of(tag, metadata=_plugin("hparams", p.SerializeToString())) for tag, p in parts.items())
    return first, second, third


def _number(name: str, value: Any) -> float:
    try:
        return float(arrays.array(value).item())
    except (NotImplementedError, ValueError) as error:
        raise ValueError(f"value of {name!r} should be one of int, float, str, bool, or torch.Tensor") from error
