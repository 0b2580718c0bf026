"""`utils.tensorboard` writes what torch's own writes, event by event and file by file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import torchlike

pytest.importorskip("tensorboard")
matplotlib = pytest.importorskip("matplotlib")


def figure() -> Any:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    made, axes = pyplot.subplots(figsize=(1, 1))
    axes.plot([1, 2])
    return made


CALLS = {
    "scalar": lambda w, t, g: w.add_scalar("loss/train", t.tensor(0.5), 3),
    "new scalar": lambda w, t, g: w.add_scalar("loss", 0.5, t.tensor(3), new_style=True, double_precision=True),
    "scalars": lambda w, t, g: w.add_scalars("a/b", {"x": 1, "y": np.float32(2.0)}, 1),
    "histogram": lambda w, t, g: w.add_histogram("h", t.from_numpy(g.normal(size=200).astype(np.float32)), 0),
    "histogram of bins": lambda w, t, g: w.add_histogram("h", g.normal(size=200), 0, bins="auto"),
    "fewer bins": lambda w, t, g: w.add_histogram("h", g.normal(size=200), 0, max_bins=50),
    "raw histogram": lambda w, t, g: w.add_histogram_raw("h", 0.0, 1.0, 2, 1.0, 1.0, [0.5, 1.0], [1, 1]),
    "image": lambda w, t, g: w.add_image("i", t.from_numpy(g.random((3, 5, 7))), 0),
    "image of bytes": lambda w, t, g: w.add_image("i", t.from_numpy(g.integers(0, 256, (5, 7), np.uint8)), dataformats="HW"),
    "images": lambda w, t, g: w.add_images("i", t.from_numpy(g.random((10, 1, 4, 4))), 0),
    "figure": lambda w, t, g: w.add_figure("f", figure(), 0),
    "figures": lambda w, t, g: w.add_figure("f", [figure(), figure()], 0),
    "text": lambda w, t, g: w.add_text("note", "h\u00e9llo", 0),
    "audio": lambda w, t, g: w.add_audio("s", t.from_numpy(g.normal(size=(1, 100))), 0, 8000),
    "tensor": lambda w, t, g: w.add_tensor("t", t.ones(2, 3), 0),
    "bfloat16": lambda w, t, g: w.add_histogram("h", t.ones(3, dtype=t.float16), 0),
    "embedding": lambda w, t, g: w.add_embedding(
        t.from_numpy(g.normal(size=(6, 3))), list("abcdef"), t.from_numpy(g.random((6, 3, 4, 4))), 2, "e:1"
    ),
    "curve": lambda w, t, g: w.add_pr_curve("p", t.from_numpy(g.integers(0, 2, 20)), t.from_numpy(g.random(20)), 0),
    "weighted curve": lambda w, t, g: w.add_pr_curve("p", g.integers(0, 2, 20), g.random(20), 0, 11, g.random(20)),
    "settings": lambda w, t, g: w.add_hparams({"lr": 0.1, "n": 4, "flag": True, "s": "a"}, {"acc": 0.5}, {"lr": [0.1]}, "run"),
    "layout": lambda w, t, g: w.add_custom_scalars({"T": {"m": ["Multiline", ["a"]], "g": ["Margin", ["a", "b", "c"]]}}),
}


def written(t: Any, name: str, folder: Path) -> tuple[dict, dict]:
    """Summaries by folder, tag and step; other files by name."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    tensorboard = pytest.importorskip(f"{t.__name__}.utils.tensorboard")
    with tensorboard.SummaryWriter(folder) as writer:
        CALLS[name](writer, t, np.random.default_rng(0))
    events, files = {}, {}
    for path in sorted(folder.rglob("*")):
        place = str(path.parent.relative_to(folder))
        if path.is_file() and path.name.startswith("events"):
            for event in LegacyEventFileLoader(str(path)).Load():
                for value in event.summary.value:
                    value.tensor.ClearField("tensor_shape")  # torch leaves out the shape of a scalar
                    events[place, value.tag, event.step] = value
        elif path.is_file():
            files[place, path.name] = path.read_bytes()
    return events, files


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_same_as_torch(name: str, tmp_path: Path) -> None:
    ours, theirs = (written(t, name, tmp_path / t.__name__) for t in (torchlike, torch))
    assert ours[0].keys() == theirs[0].keys()
    assert ours[0] or ours[1]
    for key, value in theirs[0].items():
        assert ours[0][key] == value, key
    assert ours[1] == theirs[1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own
def test_graph(tmp_path: Path, capsys: Any) -> None:
    """As torch's: the same modules, parameters and inputs; every edge leads to a node; nothing of the model changes."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    def graph(t: Any) -> tuple[Any, set[str], Any]:
        class Net(t.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.body = t.nn.Sequential(t.nn.Conv2d(1, 2, 3), t.nn.BatchNorm2d(2), t.nn.ReLU(), t.nn.Dropout(0.5))
                self.head = t.nn.Linear(8, 3)

            def forward(self, x: Any, scale: Any) -> Any:
                return (self.head(self.body(x).flatten(1)) * scale).softmax(1)

        net = Net()
        tensorboard = pytest.importorskip(f"{t.__name__}.utils.tensorboard")
        with tensorboard.SummaryWriter(tmp_path / t.__name__) as writer:
            writer.add_graph(net, (t.ones(2, 1, 4, 4), t.ones(2, 1)), verbose=t is torchlike)
        (path,) = (tmp_path / t.__name__).iterdir()
        (found,) = [event.graph_def for event in LegacyEventFileLoader(str(path)).Load() if event.graph_def]
        made = GraphDef.FromString(found)
        scopes = {part for node in made.node for part in node.name.split("/") if "[" in part}
        return made, scopes, net

    (ours, scopes, net), (_, their_scopes, _) = graph(torchlike), graph(torch)
    assert scopes == their_scopes - {"Dropout[3]"} | scopes & {"Dropout[3]"}
    names = {node.name for node in ours.node}
    assert {source for node in ours.node for source in node.input} <= names
    assert {"Net/Linear[head]/weight", "Net/Sequential[body]/Conv2d[0]/bias", "input/input", "input/input_2"} <= names
    shapes = {node.name: [d.size for d in node.attr["_output_shapes"].list.shape[0].dim] for node in ours.node}
    assert shapes["output/output"] == [2, 3] and shapes["Net/Linear[head]/weight"] == [3, 8]
    assert "Conv2d[0]" in capsys.readouterr().out
    assert net.body[1].running_mean.tolist() == [0.0, 0.0] and net.body[1].num_batches_tracked.item() == 0
    assert not net.head._forward_hooks and tuple(net(torchlike.ones(2, 1, 4, 4), 1.0).shape) == (2, 3)


def test_refused(tmp_path: Path) -> None:
    with torchlike.utils.tensorboard.SummaryWriter(tmp_path) as writer:
        with pytest.raises(NotImplementedError, match="numpy array or torch tensor"):
            writer.add_histogram("h", object())
        with pytest.raises(ValueError, match="no element"):
            writer.add_histogram("h", [])
    assert writer.get_logdir() == tmp_path
