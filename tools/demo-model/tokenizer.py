"""A byte-level BPE tokenizer: learned from a text sample, kept as JSON, used by the training script and written into the GGUF file.

Text is first cut into words by the rules that GGUF calls `qwen2`: a digit is always a word of its own, so numbers reach the model
digit by digit, and a space before a number stays a separate token. Merges never cross a word.
"""
import collections
import json
import re

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

# The `qwen2` pattern with Python's spelling of \p{L} and \p{N} ([^\W\d_] and \d).
_WORDS = re.compile(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    r"|(?:(?![^\W\d_]|\d)[^\r\n])?[^\W\d_]+"
    r"|\d"
    r"| ?(?:(?!\s|[^\W\d_]|\d).)+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_letters():
    """GPT-2's printable stand-in for each of the 256 bytes: what a GGUF vocabulary spells tokens with."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {}, 0
    for byte in range(256):
        if byte in keep:
            letters[byte] = chr(byte)
        else:
            letters[byte] = chr(256 + extra)
            extra += 1
    return letters


LETTERS = byte_letters()


def spell(word):
    return tuple(LETTERS[byte] for byte in word.encode("utf-8"))


def learn(texts, size):
    """Learns merges until the vocabulary has `size` tokens: 256 bytes, the merges, then the specials."""
    counts = collections.Counter(spell(w) for text in texts for w in _WORDS.findall(text))
    words = [(list(word), count) for word, count in sorted(counts.items())]
    merges = []
    while len(merges) < size - 256 - len(SPECIALS):
        pairs = collections.Counter()
        for word, count in words:
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            raise SystemExit("the sample is too small for this vocabulary size: generate more text")
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for word, _ in words:
            _merge(word, best)
    return Tokenizer(merges)


def _merge(word, pair):
    at = 0
    while at < len(word) - 1:
        if word[at] == pair[0] and word[at + 1] == pair[1]:
            word[at:at + 2] = [pair[0] + pair[1]]
        at += 1


class Tokenizer:
    def __init__(self, merges):
        self.merges = [tuple(pair) for pair in merges]
        self.tokens = [LETTERS[b] for b in range(256)] + [a + b for a, b in self.merges] + SPECIALS
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.rank = {pair: i for i, pair in enumerate(self.merges)}
        self.end_of_text, self.start, self.end = (self.ids[s] for s in SPECIALS)
        self._known = {}

    def encode(self, text):
        """Ids of plain text; the specials are never produced from text."""
        ids = []
        for word in _WORDS.findall(text):
            found = self._known.get(word)
            if found is None:
                found = self._word(word)
                if len(self._known) < 200_000:
                    self._known[word] = found
            ids.extend(found)
        return ids

    def decode(self, ids):
        back = {letter: byte for byte, letter in LETTERS.items()}
        raw = bytes(back[letter] for i in ids if i < self.end_of_text for letter in self.tokens[i])
        return raw.decode("utf-8", errors="replace")

    def _word(self, word):
        parts = list(spell(word))
        while len(parts) > 1:
            best = min(zip(parts, parts[1:]), key=lambda pair: self.rank.get(pair, 1 << 30))
            if best not in self.rank:
                break
            _merge(parts, best)
        return [self.ids[part] for part in parts]

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"merges": self.merges}, file, ensure_ascii=True)

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            return Tokenizer(json.load(file)["merges"])
