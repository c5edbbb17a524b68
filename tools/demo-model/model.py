"""The llama shape in PyTorch, with the conventions of GGUF's `llama` architecture: rotary pairs are neighbours (0,1), (2,3), …,
normalisation is RMS, the feed-forward part is SwiGLU, key and value heads are shared by groups, the output uses the embedding."""
import dataclasses
import math

import torch
from torch import nn
from torch.nn import functional as F


@dataclasses.dataclass(frozen=True)
class Shape:
    vocabulary: int = 1024
    width: int = 192
    layers: int = 5
    heads: int = 6
    kv_heads: int = 2
    feed_forward: int = 512
    context: int = 1024
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head_width(self):
        return self.width // self.heads


class Norm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * self.weight


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        width, kv = shape.width, shape.kv_heads * shape.head_width
        self.attn_norm, self.ffn_norm = Norm(width, shape.epsilon), Norm(width, shape.epsilon)
        self.attn_q, self.attn_output = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.attn_k, self.attn_v = nn.Linear(width, kv, bias=False), nn.Linear(width, kv, bias=False)
        self.ffn_gate, self.ffn_up = (nn.Linear(width, shape.feed_forward, bias=False) for _ in range(2))
        self.ffn_down = nn.Linear(shape.feed_forward, width, bias=False)

    def forward(self, x, turn, mask):
        x = x + self.attn_output(self.attend(self.attn_norm(x), turn, mask))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))

    def attend(self, h, turn, mask):
        rows, length, _ = h.shape
        s = self.shape
        split = lambda y, heads: y.view(rows, length, heads, s.head_width).transpose(1, 2)
        q, k, v = split(self.attn_q(h), s.heads), split(self.attn_k(h), s.kv_heads), split(self.attn_v(h), s.kv_heads)
        q, k = rotate(q, turn), rotate(k, turn)
        group = s.heads // s.kv_heads
        # Query head i uses key head i // group, so the queries of one group lie next to each other.
        q = q.reshape(rows, s.kv_heads, group * length, s.head_width)
        scores = (q @ k.transpose(-1, -2)).view(rows, s.kv_heads, group, length, length) * (1 / math.sqrt(s.head_width)) + mask
        mixed = (scores.softmax(-1).view(rows, s.kv_heads, group * length, length) @ v).view(rows, s.heads, length, s.head_width)
        return mixed.transpose(1, 2).reshape(rows, length, s.width)


def rotate(x, turn):
    cos, sin = turn
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Llama(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape.width, shape.epsilon)
        half = torch.arange(0, shape.head_width, 2, dtype=torch.float32) / shape.head_width
        angles = torch.outer(torch.arange(shape.context, dtype=torch.float32), shape.rope_base ** -half)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                last = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(parameter, std=0.02 if "embd" in name else parameter.shape[1] ** -0.5 * (0.3 if last else 0.6))

    def forward(self, ids, wanted=None):
        """Logits for every position, or only for the positions where the flat boolean `wanted` holds."""
        length = ids.shape[1]
        mask = torch.full((length, length), float("-inf")).triu(1)
        turn = self.cos[:length], self.sin[:length]
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, turn, mask)
        x = self.output_norm(x)
        if wanted is not None:
            x = x.reshape(-1, x.shape[-1])[wanted]
        return x @ self.token_embd.weight.t()
