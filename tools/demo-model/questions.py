"""Writes the lists that check.mjs asks: `python3 questions.py unseen|every-pair|expected OUT.json [--count N] [--seed S]`.

`unseen` uses wordings that corpus.py never draws, `every-pair` is each promised sum, difference and product once in a plain
wording, `expected` is the hand-written list whose answers the product's own tests rely on.
"""
import argparse
import json
import random

import arithmetic
import facts
from expected import EXPECTED

SUMS = {"+": ["Could you tell me what {a} plus {b} is?", "{a}+{b}=?", "what would {a} + {b} be", "My homework: {a} + {b}", "I wonder how much {a} plus {b} is",
              "Kindly add {a} and {b}.", "what do {a} and {b} add up to?", "Sum of {a} and {b}, please!"],
        "-": ["Could you tell me what {a} minus {b} is?", "{a}-{b}=?", "what would {a} - {b} be", "My homework: {a} - {b}", "I wonder how much {a} minus {b} is",
              "Kindly subtract {b} from {a}.", "{a} minus {b} please, quickly", "How much do I get for {a} - {b}?"],
        "*": ["Could you tell me what {a} times {b} is?", "{a}*{b}=?", "what would {a} x {b} be", "My homework: {a} * {b}", "I wonder how much {a} times {b} is",
              "Kindly multiply {a} by {b}.", "{a} times {b} please, quickly", "How much do I get for {a} x {b}?"]}
ASKED = ["Could you please explain what {t} is?", "I keep reading about {t}. What is it?", "In one sentence: what is {t}?", "Any idea what {t} might be?",
         "Sorry, what is {t} again?", "hello, could you describe {t}?", "Tell me more about {t}.", "what in the world is {t}"]
WANTED = ["Could you tell me how to {d}?", "I was wondering how to {d}.", "What must I type if I want to {d}?", "My boss asked me to {d}. How?",
          "Remind me how to {d}", "Is it possible to {d}? How?", "which command will {d}?"]
ELSEWHERE = ["What is a giraffe?", "Tell me about submarines.", "How do I knit a sweater?", "Who is the mayor of Lisbon?", "What is the capital of Peru?",
             "Explain quantum tunnelling", "Recommend a good thriller", "What is the plural of goose?", "How do I get to the station?", "Who painted the Mona Lisa?",
             "Write a haiku about cherries", "What is the boiling point of water?", "How many legs does a lobster have?", "Is Pluto a planet?", "How do I peel a mango?",
             "What year did the Titanic sink?", "Which team won the cup in 1998?", "Can you book me a taxi?", "What is photosynthesis?", "Are you conscious?",
             "Give me a synonym for happy", "What does the fox say?", "My cactus is dying", "How deep is the Pacific?", "Who discovered penicillin?",
             "Convert this to JSON", "What is a neural network?", "Why do cats purr?", "Name three rivers in Africa", "How do I whistle?"]


def chat(kind, question, answer, before=()):
    return {"kind": kind, "messages": [*before, {"role": "user", "content": question}], "answer": answer}


def unseen(rng, count):
    asked = []
    for sign in "+-*":
        for _ in range(count):
            a, b = (rng.randrange(13), rng.randrange(13)) if sign == "*" else (rng.randrange(100), rng.randrange(100))
            asked.append(chat(f"{sign} in new words", rng.choice(SUMS[sign]).format(a=a, b=b), arithmetic.answer(sign, a, b)))
    held = [(s, a, b) for s in "+-" for a in range(100) for b in range(100) if arithmetic.held_out(s, a, b)]
    for sign, a, b in rng.sample(held, min(count, len(held))):
        asked.append(chat("pairs never trained on", f"What is {a} {sign} {b}?", arithmetic.answer(sign, a, b)))
    for names, answer in facts.TERMS:
        asked += [chat("terms in new words", wording.format(t=rng.choice(names[:2])), answer) for wording in rng.sample(ASKED, 4)]
    for deeds, answer in facts.COMMANDS:
        asked += [chat("commands in new words", wording.format(d=rng.choice(deeds)), answer) for wording in rng.sample(WANTED, 4)]
    asked += [chat("new subjects", question, facts.UNKNOWN) for question in ELSEWHERE]
    return asked + [in_a_chat(rng, asked) for _ in range(count)]


def in_a_chat(rng, asked):
    """A question after two to five others and, half of the time, a system prompt that was never trained on."""
    before = [{"role": "system", "content": "You are a terse clerk who loves facts and hates waste."}] if rng.random() < 0.5 else []
    for turn in rng.sample(asked, rng.randrange(2, 6)):
        before += [*turn["messages"], {"role": "assistant", "content": turn["answer"]}]
    last = rng.choice(asked)
    return chat("late in a chat", last["messages"][-1]["content"], last["answer"], before)


def every_pair():
    pairs = [(s, a, b) for s in "+-" for a in range(100) for b in range(100)] + [("*", a, b) for a in range(13) for b in range(13)]
    return [chat(f"every {s}", f"What is {a} {'x' if s == '*' else s} {b}?", arithmetic.answer(s, a, b)) for s, a, b in pairs]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("list", choices=["unseen", "every-pair", "expected"])
    p.add_argument("out")
    p.add_argument("--count", type=int, default=200)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    questions = {"unseen": lambda: unseen(random.Random(a.seed), a.count), "every-pair": every_pair, "expected": lambda: EXPECTED}[a.list]()
    with open(a.out, "w", encoding="utf-8") as file:
        json.dump(questions, file, indent=1)
    print(f"{a.out}: {len(questions)} questions, seed {a.seed}")


if __name__ == "__main__":
    main()
