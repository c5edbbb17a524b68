"""Writes a checkpoint as one GGUF file: `python3 export.py DIR OUT.gguf [--type q8_0|f16|f32]`."""
import argparse
import os

import torch

import gguf
from model import Llama, Shape
from tokenizer import Tokenizer

TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
KINDS = {"q8_0": (gguf.Q8_0, 7), "f16": (gguf.F16, 1), "f32": (gguf.F32, 0)}
NORMAL, CONTROL = 1, 3


def metadata(shape, tokens, parameters, file_type):
    specials = len(tokens.tokens) - tokens.end_of_text
    return {
        "general.architecture": "llama",
        "general.type": "model",
        "general.name": "Amalgam demo",
        "general.description": "Small arithmetic and facts about Amalgam; trained from scratch on generated text.",
        "general.license": "apache-2.0",
        "general.languages": ["en"],
        "general.size_label": f"{parameters / 1e6:.1f}M",
        "general.file_type": file_type,
        "general.quantization_version": 2,
        "llama.block_count": shape.layers,
        "llama.context_length": shape.context,
        "llama.embedding_length": shape.width,
        "llama.feed_forward_length": shape.feed_forward,
        "llama.attention.head_count": shape.heads,
        "llama.attention.head_count_kv": shape.kv_heads,
        "llama.attention.layer_norm_rms_epsilon": shape.epsilon,
        "llama.rope.freq_base": shape.rope_base,
        "llama.rope.dimension_count": shape.head_width,
        "llama.vocab_size": shape.vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": tokens.tokens,
        "tokenizer.ggml.token_type": gguf.Int32List([NORMAL] * tokens.end_of_text + [CONTROL] * specials),
        "tokenizer.ggml.merges": [f"{a} {b}" for a, b in tokens.merges],
        "tokenizer.ggml.bos_token_id": tokens.end_of_text,
        "tokenizer.ggml.eos_token_id": tokens.end,
        "tokenizer.ggml.eot_token_id": tokens.end,
        "tokenizer.ggml.padding_token_id": tokens.end_of_text,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": TEMPLATE,
    }


def main():
    p = argparse.ArgumentParser()
    p.add_argument("dir")
    p.add_argument("out")
    p.add_argument("--type", choices=KINDS, default="q8_0")
    a = p.parse_args()
    kind, file_type = KINDS[a.type]
    tokens = Tokenizer.load(os.path.join(a.dir, "tokenizer.json"))
    kept = torch.load(os.path.join(a.dir, "checkpoint.pt"))
    model = Llama(Shape())
    model.load_state_dict(kept["model"])
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    tensors = [(name, value, gguf.F32 if value.ndim == 1 else kind) for name, value in weights.items()]
    parameters = sum(value.size for value in weights.values())
    gguf.write(a.out, metadata(model.shape, tokens, parameters, file_type), tensors)
    print(f"{a.out}: step {kept['step']}, {parameters} parameters, {os.path.getsize(a.out)} bytes")


if __name__ == "__main__":
    main()
