"""`nn.utils.rnn` against real torch."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import torchlike as tl

T, B = 5, 3


def padded(t, *more, dtype=np.float32):
    return t.from_numpy(np.arange(T * B * int(np.prod(more)), dtype=dtype).reshape(T, B, *more) + 1)


def sequences(t, *lengths, width=2):
    return [t.arange(n * width, dtype=t.float32).reshape(n, width) + 100 * n for n in lengths]


def fields(packed):
    return list(packed)


# name -> lambda (t, t.nn.utils.rnn)
CASES = {
    "pack": lambda t, r: fields(r.pack_padded_sequence(padded(t, 2), [5, 3, 1])),
    "pack tensor": lambda t, r: fields(r.pack_padded_sequence(padded(t), t.tensor([4, 3, 3], dtype=t.int32))),
    "pack unsorted": lambda t, r: fields(r.pack_padded_sequence(padded(t, 2), [1, 4, 2], enforce_sorted=False)),
    "pack ties": lambda t, r: fields(r.pack_padded_sequence(padded(t, 2), [2, 4, 4], enforce_sorted=False)),
    "pack by batch": lambda t, r: fields(r.pack_padded_sequence(padded(t).T, t.tensor([5, 5, 2]), batch_first=True)),
    "pack integers": lambda t, r: fields(r.pack_padded_sequence(padded(t, 1, 2, dtype=np.int64), [5, 2, 2])),
    "pad": lambda t, r: r.pad_packed_sequence(r.pack_padded_sequence(padded(t, 2), [4, 3, 1])),
    "pad value": lambda t, r: r.pad_packed_sequence(r.pack_padded_sequence(padded(t, 2), [4, 3, 1]), True, -1.5),
    "pad total": lambda t, r: r.pad_packed_sequence(r.pack_padded_sequence(padded(t, 2), [4, 3, 1]), total_length=7),
    "pad some": lambda t, r: r.pad_packed_sequence(r.pack_padded_sequence(padded(t), [3, 3, 1]), False, 2, 4),
    "pad unsorted": lambda t, r: r.pad_packed_sequence(r.pack_padded_sequence(padded(t), [1, 4, 2], enforce_sorted=False)),
    "pad made": lambda t, r: r.pad_packed_sequence(r.PackedSequence(t.arange(6.0), t.tensor([3, 2, 1])), True),
    "pad made unsorted": lambda t, r: r.pad_packed_sequence(
        r.PackedSequence(t.arange(6.0), t.tensor([3, 2, 1]), t.tensor([1, 2, 0])), padding_value=9
    ),
    "pack_sequence": lambda t, r: fields(r.pack_sequence(sequences(t, 4, 2, 1))),
    "pack_sequence unsorted": lambda t, r: fields(r.pack_sequence(sequences(t, 2, 4, 1), enforce_sorted=False)),
    "unpack_sequence": lambda t, r: r.unpack_sequence(r.pack_sequence(sequences(t, 2, 4, 1), enforce_sorted=False)),
    "pad_sequence": lambda t, r: r.pad_sequence(sequences(t, 2, 4, 1)),
    "pad_sequence by batch": lambda t, r: r.pad_sequence(sequences(t, 2, 4), True, -1.0),
    "pad_sequence left": lambda t, r: r.pad_sequence(sequences(t, 2, 4), padding_side="left"),
    "pad_sequence left by batch": lambda t, r: r.pad_sequence([x * 2 for x in sequences(t, 2, 4)], True, 7, "left"),
    "pad_sequence integers": lambda t, r: r.pad_sequence([t.tensor([1, 2]), t.tensor([3])], padding_value=-1),
    "pad_sequence mixed": lambda t, r: r.pad_sequence([t.tensor([1.5, 2]), t.tensor([3])]),
    "pad_sequence tensor": lambda t, r: r.pad_sequence(padded(t)),
    "pad_sequence generator": lambda t, r: r.pad_sequence(x for x in sequences(t, 1, 2)),
    "unpad_sequence": lambda t, r: r.unpad_sequence(padded(t, 2), t.tensor([5, 1, 2])),
    "unpad_sequence by batch": lambda t, r: r.unpad_sequence(padded(t).T, t.tensor([5, 1, 2]), batch_first=True),
    "invert_permutation": lambda t, r: [r.invert_permutation(t.tensor([2, 0, 1, 3])), r.invert_permutation(None)],
    "private pack": lambda t, r: t._pack_padded_sequence(padded(t).T, t.tensor([5, 1, 1]), True),
    "private pad": lambda t, r: t._pad_packed_sequence(t.arange(6.0), t.tensor([3, 2, 1]), True, 1.0, 5),
    "repr": lambda t, r: repr(r.pack_padded_sequence(padded(t), [2, 3, 1], enforce_sorted=False)),
    "pair": lambda t, r: fields(r.PackedSequence((t.arange(3.0), t.tensor([2, 1])))),
    "types": lambda t, r: [str(getattr(r.pack_sequence(sequences(t, 2, 1)), k)().data.dtype) for k in (
        "double", "float", "half", "long", "int", "short", "char", "byte")],
    "to": lambda t, r: fields(r.pack_sequence(sequences(t, 1, 2), enforce_sorted=False).to(t.float64)),
    "to the same": lambda t, r: [p.to(t.float32) is p for p in (r.pack_sequence(sequences(t, 2, 1)),)],
    "cpu": lambda t, r: [p.cpu() is p and not p.is_cuda for p in (r.pack_sequence(sequences(t, 2, 1)),)],
    "tuple": lambda t, r: [len(p) for p in (r.pack_sequence(sequences(t, 2, 1)),)] + [r.pack_sequence(sequences(t, 2, 1))[0]],
    "replace": lambda t, r: fields(r.pack_sequence(sequences(t, 2, 1))._replace(sorted_indices=t.tensor([0, 1]))),
    "sizes of data": lambda t, r: fields(r.PackedSequence(r.pack_sequence(sequences(t, 3, 1)).data * 2, t.tensor([2, 1, 1]))),
    "not sorted": lambda t, r: r.pack_padded_sequence(padded(t), [1, 2, 3]),
    "too few": lambda t, r: r.pack_padded_sequence(padded(t), [3, 2]),
    "zero": lambda t, r: r.pack_padded_sequence(padded(t), [3, 2, 0]),
    "rank of lengths": lambda t, r: r.pack_padded_sequence(padded(t), [[3, 2, 1]]),
    "rank": lambda t, r: r.pack_padded_sequence(t.ones(5), [3, 2, 1]),
    "empty": lambda t, r: r.pack_padded_sequence(t.ones(0, 3), [1, 1, 1]),
    "no sequences": lambda t, r: r.pad_sequence([]),
    "no iterable": lambda t, r: r.pad_sequence(3),
    "side": lambda t, r: r.pad_sequence([t.ones(3)], padding_side="up"),
    "widths": lambda t, r: r.pad_sequence([t.ones(2, 3), t.ones(3, 2)]),
    "total too short": lambda t, r: r.pad_packed_sequence(r.pack_padded_sequence(padded(t), [4, 3, 1]), total_length=2),
    "no sizes": lambda t, r: r.PackedSequence(t.ones(3)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values(same, name):
    same(lambda t: CASES[name](t, t.nn.utils.rnn))


def test_gradients(same):
    def code(t):
        r = t.nn.utils.rnn
        x = padded(t, 2).requires_grad_()
        parts = [p.requires_grad_() for p in sequences(t, 1, 3)]
        packed = r.pack_padded_sequence(x, [2, 5, 4], enforce_sorted=False)
        data = (packed.data**2).sum()
        back = r.pad_packed_sequence(r.PackedSequence(packed.data * 3, *list(packed)[1:]))[0]
        (data + (back**3).sum() + (r.pad_sequence(parts) ** 2).sum()).backward()
        return x.grad, [p.grad for p in parts]

    same(code)


def test_nan_after_the_end_goes_nowhere():
    r = tl.nn.utils.rnn
    x = np.ones((T, B, 4), np.float32)
    x[3:, 1:] = np.nan
    layer = tl.nn.LSTM(4, 6)
    out, (h, _) = layer(r.pack_padded_sequence(tl.from_numpy(x), [5, 3, 3]))
    (out.data.sum() + h.sum()).backward()
    assert all(np.isfinite(p.grad.numpy()).all() for p in layer.parameters())


def test_data_that_was_written_to_counts():
    r = tl.nn.utils.rnn
    packed = r.pack_sequence([tl.ones(3), tl.ones(2)])
    packed.data.mul_(2)
    assert r.pad_packed_sequence(packed)[0].tolist() == [[2, 2], [2, 2], [2, 0]]


def test_copies():
    r = tl.nn.utils.rnn
    packed = r.pack_sequence([tl.ones(2), tl.ones(3) * 2], enforce_sorted=False)
    for other in (copy.deepcopy(packed), pickle.loads(pickle.dumps(packed)), copy.copy(packed)):
        assert isinstance(other, r.PackedSequence)
        assert repr(other) == repr(packed)


def test_a_length_beyond_the_padding_is_refused():
    with pytest.raises(RuntimeError, match="5 time steps, but 'lengths' has an element of 6"):
        tl.nn.utils.rnn.pack_padded_sequence(padded(tl), [6, 2, 1])
