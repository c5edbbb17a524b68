"""Writes GGUF version 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): metadata, tensor table, aligned tensor data."""
import struct

import numpy as np

ALIGNMENT = 32
F32, F16, Q8_0 = 0, 1, 8
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9


class Int32List(list):
    """A metadata array of signed integers; a plain list of int has no GGUF type of its own."""


def _string(text):
    raw = text.encode("utf-8")
    return struct.pack("<Q", len(raw)) + raw


def _value(value):
    """(type code, bytes) of a metadata value."""
    if isinstance(value, bool):
        return _BOOL, struct.pack("<?", value)
    if isinstance(value, int):
        return _UINT32, struct.pack("<I", value)
    if isinstance(value, float):
        return _FLOAT32, struct.pack("<f", value)
    if isinstance(value, str):
        return _STRING, _string(value)
    if isinstance(value, Int32List):
        return _ARRAY, struct.pack("<IQ", _INT32, len(value)) + struct.pack(f"<{len(value)}i", *value)
    return _ARRAY, struct.pack("<IQ", _STRING, len(value)) + b"".join(map(_string, value))


def q8_0(matrix):
    """Blocks of 32 weights along the last axis: one half-precision scale, then 32 signed bytes."""
    blocks = matrix.astype(np.float32).reshape(-1, 32)
    scale = np.abs(blocks).max(1, keepdims=True) / np.float32(127)
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale != 0)
    scaled = blocks * inverse
    # Round half away from zero, as the readers' own quantisers do; numpy alone would round half to even.
    figures = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int8)
    packed = np.empty(len(blocks), dtype=[("scale", "<f2"), ("figures", "i1", 32)])
    packed["scale"], packed["figures"] = scale[:, 0], figures
    return packed.tobytes()


def _encode(matrix, kind):
    if kind == Q8_0:
        return q8_0(matrix)
    return matrix.astype("<f2" if kind == F16 else "<f4").tobytes()


def write(path, metadata, tensors):
    """`tensors` is a list of (name, numpy array, F32 | F16 | Q8_0). Row-major shapes are written reversed: GGUF puts the row length first."""
    table, data, offset = b"", [], 0
    for name, array, kind in tensors:
        raw = _encode(array, kind)
        raw += b"\0" * (-len(raw) % ALIGNMENT)
        table += _string(name) + struct.pack(f"<I{array.ndim}QIQ", array.ndim, *reversed(array.shape), kind, offset)
        data.append(raw)
        offset += len(raw)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        code, raw = _value(value)
        head += _string(key) + struct.pack("<I", code) + raw
    head += table
    with open(path, "wb") as file:
        file.write(head + b"\0" * (-len(head) % ALIGNMENT))
        for raw in data:
            file.write(raw)
