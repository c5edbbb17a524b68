"""Trains the demo model on the CPU. `python3 train.py --out DIR` writes tokenizer.json and checkpoint.pt, and prints its progress.

The learning rate is constant, then falls to zero over the last part. A run can be taken up again (`--resume`) with another number
of steps, so that the fall can be brought forward.
"""
import argparse
import os
import random
import time

import torch
from torch.nn import functional as F

import arithmetic
import corpus
import facts
import offtopic
from model import Llama, Shape
from tokenizer import Tokenizer, learn

LENGTHS = [(128, 0.60), (256, 0.32), (512, 0.07), (1024, 0.01)]
FALL = 0.35
# The share of sums among the questions, from each step on: facts are learned early and carrying late, and the end needs both.
SHARE_OF_SUMS = [(0, 0.47), (2250, 0.65), (3500, 0.45)]


class Muon(torch.optim.Optimizer):
    """Momentum whose step is made orthogonal by five Newton-Schulz iterations (Jordan et al. 2024, "Muon"); for weight matrices."""

    def __init__(self, parameters, lr, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["average"] = torch.zeros_like(p)
                state["average"].lerp_(p.grad, 1 - group["momentum"])
                step = orthogonal(p.grad.lerp(state["average"], group["momentum"]))
                p.mul_(1 - group["lr"] * 0.01).add_(step, alpha=-group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def orthogonal(g):
    x = (g if g.shape[0] <= g.shape[1] else g.t()).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.t()
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
    return (x if g.shape[0] <= g.shape[1] else x.t()).float()


def batch(rng, tokens, budget, sums):
    length = rng.choices([n for n, _ in LENGTHS], [w for _, w in LENGTHS])[0]
    return pad([corpus.row(rng, tokens, length, sums) for _ in range(max(1, budget // length))], tokens)


def pad(rows, tokens):
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), tokens.end_of_text)
    weights = torch.zeros(len(rows), longest)
    for i, (row, weight) in enumerate(rows):
        ids[i, :len(row)] = torch.tensor(row)
        weights[i, :len(row)] = torch.tensor(weight)
    return ids, weights


def loss_of(model, ids, weights):
    weights = weights[:, 1:].reshape(-1)
    wanted = weights > 0
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(ids[:, :-1], wanted)
    losses = F.cross_entropy(logits.float(), ids[:, 1:].reshape(-1)[wanted], reduction="none")
    return (losses * weights[wanted]).sum() / weights.sum()


def exam(model, tokens, rng, size=192):
    """Share of questions of each kind answered right to the last token, greedily."""
    def unseen():
        while True:
            sign, a, b = rng.choice("+-"), rng.randrange(100), rng.randrange(100)
            if arithmetic.held_out(sign, a, b):
                return arithmetic.ask(rng, sign, a, b), arithmetic.answer(sign, a, b)
    kinds = {"seen pairs": lambda: arithmetic.sample(rng), "unseen pairs": unseen, "facts": lambda: corpus.fact(rng),
             "off topic": lambda: offtopic.sample(rng), "beyond": lambda: arithmetic.beyond(rng)}
    return {kind: right(model, tokens, [draw() for _ in range(size)]) for kind, draw in kinds.items()}


@torch.no_grad()
def right(model, tokens, asked):
    rows = []
    for question, answer in asked:
        head = corpus.message(tokens, "user", question) + [tokens.start, *tokens.encode("assistant\n")]
        body, _ = corpus.weigh(tokens, answer)
        rows.append((head + body, [0.0] * len(head) + [1.0] * len(body)))
    ids, weights = pad(rows, tokens)
    best = model(ids[:, :-1]).argmax(-1)
    return ((best == ids[:, 1:]) | (weights[:, 1:] == 0)).all(1).float().mean().item()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", required=True)
    p.add_argument("--steps", type=int, default=6000)
    p.add_argument("--batch", type=int, default=2048, help="tokens per step")
    p.add_argument("--seed", type=int, default=20)
    p.add_argument("--resume", action="store_true")
    a = p.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(a.seed)
    os.makedirs(a.out, exist_ok=True)
    tokenizer_path, checkpoint = os.path.join(a.out, "tokenizer.json"), os.path.join(a.out, "checkpoint.pt")
    if not a.resume:
        learn(corpus.sample_text(random.Random(a.seed)), Shape().vocabulary).save(tokenizer_path)
    tokens = Tokenizer.load(tokenizer_path)
    model = Llama(Shape())
    matrices = [w for n, w in model.blk.named_parameters() if w.dim() == 2]
    rest = [w for n, w in model.named_parameters() if w.dim() == 1 or "embd" in n]
    optimizers = [Muon(matrices, 0.01), torch.optim.AdamW(rest, 0.002, betas=(0.9, 0.98), weight_decay=0.0)]
    first = 0
    if a.resume:
        kept = torch.load(checkpoint)
        model.load_state_dict(kept["model"])
        for optimizer, state in zip(optimizers, kept["optimizers"]):
            optimizer.load_state_dict(state)
        first = kept["step"]
    full = [[g["lr"] for g in o.param_groups] for o in [Muon(matrices, 0.01), torch.optim.AdamW(rest, 0.002)]]
    print(f"{sum(w.numel() for w in model.parameters())} parameters, seed {a.seed}, steps {first}..{a.steps}", flush=True)
    began, seen, average = time.time(), 0, None
    for step in range(first, a.steps):
        pace = min(1.0, (step + 1) / 100, (a.steps - step) / (a.steps * FALL))
        for optimizer, rates in zip(optimizers, full):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * pace
        ids, weights = batch(random.Random(f"{a.seed}/{step}"), tokens, a.batch, [share for start, share in SHARE_OF_SUMS if step >= start][-1])
        loss = loss_of(model, ids, weights)
        model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(rest, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        seen += ids.numel()
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} loss {average:.4f} {seen / (time.time() - began):.0f} tokens/s", flush=True)
        if (step + 1) % 50 == 0 or step + 1 == a.steps:
            torch.save({"model": model.state_dict(), "step": step + 1, "optimizers": [o.state_dict() for o in optimizers]}, checkpoint + ".new")
            os.replace(checkpoint + ".new", checkpoint)
        if (step + 1) % 250 == 0 or step + 1 == a.steps:
            print("  " + ", ".join(f"{kind} {share:.3f}" for kind, share in exam(model, tokens, random.Random(step)).items()), flush=True)


if __name__ == "__main__":
    main()
