"""`torch.utils.tensorboard`: logs that TensorBoard shows. Needs the package tensorboard."""

try:
    import tensorboard as _tensorboard
except ImportError as _error:
    raise ImportError("torchlike.utils.tensorboard needs TensorBoard: pip install 'torchlike[tensorboard]'") from _error

from tensorboard.summary.writer.record_writer import RecordWriter

from torchlike.utils.tensorboard.writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]
