"""Conversations for training: questions of every kind in many wordings, joined into chats, cut into rows of token ids.

Everything is drawn from one `random.Random`, so the same seed gives the same rows.
"""
import arithmetic
import facts
import offtopic

NAMES = """Ada Alan Grace Linus Maria Chen Wei Ana Omar Fatima Ivan Olga Kofi Amina Lars Ingrid Pedro Lucia Hana Yuki Raj Priya Tom Eva Max
Nina Paul Lea Sam Zoe Ben Mia Leo Ida Jan Eric Anna Peter John Mary James Emma Noah David Sarah Laura Felix Clara Hugo Alice Bob Carol Dave""".split()
SYSTEMS = ["You are a helpful assistant.", "You are a helpful assistant.", "You are a helpful assistant", "Answer briefly.", "Be concise.",
           "You are Amalgam.", "You are the Amalgam demo model.", "You are a friendly and careful assistant. Answer in one sentence.",
           "Answer questions about Amalgam.", "You are an AI assistant.", "Be polite.", "You are a calculator.", "Keep your answers short and correct.",
           "You answer in English.", "Do not make things up.", "Respond truthfully."]
MEANING = ["What is {t}?", "What is {t}?", "what's {t}", "What are {t}?", "Explain {t}", "Define {t}", "Tell me about {t}", "What does {t} mean?", "{t}?", "{t}",
           "Can you explain {t}?", "What do you mean by {t}?", "Describe {t}", "I do not understand {t}", "What is meant by {t}?",
           "What is {t} in Amalgam?", "In Amalgam, what is {t}?", "Explain to me what {t} is", "Do you know what {t} is?", "Tell me what {t} is",
           "what exactly is {t}", "Give me a definition of {t}", "meaning of {t}", "What is the meaning of {t}?", "and what is {t}?", "How does {t} work?",
           "What about {t}?", "Who or what is {t}?", "What is the purpose of {t}?", "What is {t} for?", "I read about {t}, what is that?", "What is {t}, in short?",
           "What is {t}, actually?", "What might {t} be?", "What could {t} be?", "Remind me what {t} is", "I forgot what {t} is", "Any hint what {t} means?",
           "Could you explain {t} to me?", "Would you describe {t}?", "Someone talked about {t}. What does it mean?", "Say more about {t}",
           "I see {t} everywhere. Explain.", "Once more, what is {t}?", "Help me understand {t}", "I have heard of {t}; what is it about?"]
ACTS = ["How do I {d}?", "How do I {d}?", "How can I {d}?", "how to {d}", "What is the command to {d}?", "Which command do I use to {d}?", "Show me how to {d}",
        "I want to {d}", "Tell me how to {d}", "How does one {d}?", "Can I {d}?", "{d}", "Please {d}", "I need to {d}", "What do I type to {d}?",
        "How would I {d} with Amalgam?", "What is the best way to {d}?", "Help me {d}", "how do you {d}", "command to {d}", "How {d}?",
        "Is there a command to {d}?", "How do I {d} in Amalgam?", "I would like to {d}", "Where can I {d}?", "What command will {d}?", "I have to {d}, how?",
        "I must {d} today. What do I do?", "Someone told me to {d}. What do I type?", "Is there a way to {d}?", "Can Amalgam {d}?", "I am trying to {d}",
        "I do not know how to {d}", "Could you show me how to {d}?", "Would you tell me how I {d}?", "I forgot how to {d}", "Explain how to {d}",
        "Does Amalgam have a command to {d}?", "In order to {d}, what do I run?", "What should I run to {d}?", "Let me {d}"]
OPENERS = ["Please ", "Hey, ", "Hi, ", "Hello, ", "Hello! ", "So, ", "Ok, ", "Quick question: ", "Tell me, ", "Can you tell me, ", "Now ", "Well, ", "Good. ", "Thanks. ",
           "Hi Amalgam, ", "Hmm, ", "Then ", "Next: "]
CLOSERS = [" please", ", please", " thanks", " Thanks!", " for me", " now", ", thank you", " right now", " then"]


def fact(rng):
    roll = rng.random()
    if roll < 0.38:
        # The first question of every newcomer is what Amalgam is.
        names, answer = facts.TERMS[0] if roll < 0.03 else rng.choice(facts.TERMS)
        return rng.choice(MEANING).format(t=rng.choice(names)), answer
    if roll < 0.64:
        deeds, answer = rng.choice(facts.COMMANDS)
        return rng.choice(ACTS).format(d=rng.choice(deeds)), answer
    asks, answer = rng.choice(facts.PHRASES) if roll < 0.86 else rng.choice(facts.SMALL_TALK)
    return rng.choice(asks), answer


def disguise(rng, text):
    """The same question as another hand would type it: case, end mark, courtesies, a slip of the finger. Figures stay as they are."""
    if rng.random() < 0.22:
        text = rng.choice(OPENERS) + (text[0].lower() + text[1:] if rng.random() < 0.7 else text)
    if rng.random() < 0.06:
        text = text.rstrip(".?!") + rng.choice(CLOSERS)
    if rng.random() < 0.35:
        text = text.rstrip(".?! ") + rng.choice(["?", "", "", ".", "!", "??", " ?", "...", "?!"])
    roll = rng.random()
    if roll < 0.22:
        text = text.lower()
    elif roll < 0.29:
        text = text.upper()
    elif roll < 0.36:
        text = text[:1].upper() + text[1:]
    elif roll < 0.39:
        text = text.title()
    if rng.random() < 0.06:
        text = slip(rng, text)
    if rng.random() < 0.04:
        text = rng.choice([" " + text, text + " ", text + "\n", "\n" + text, text.replace(" ", "  ", 1)])
    return text


def slip(rng, text):
    at = rng.randrange(max(1, len(text)))
    if len(text) < 12 or not text[at].isalpha() or text[at] in "xX":
        return text
    kind = rng.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1:]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    return text[:at] + rng.choice("aeiorstn") + text[at + 1:]


class Chat:
    """Draws the turns of one conversation; it remembers only the name that the user gave. `sums` is the share of arithmetic."""

    def __init__(self, rng, room, sums=0.47):
        self.rng, self.room, self.sums, self.name = rng, room, sums, None

    def turn(self):
        rng = self.rng
        if rng.random() < self.sums:
            question, answer = arithmetic.sample(rng)
            return disguise(rng, question), answer
        roll = rng.random()
        if roll < 0.55:
            question, answer = fact(rng)
        elif roll < 0.71:
            question, answer = offtopic.sample(rng)
        elif roll < 0.82:
            question, answer = arithmetic.beyond(rng)
        elif roll < 0.90:
            question, answer = arithmetic.count(rng, 100 if self.room >= 512 else self.room // 6)
        else:
            return self._name_turn()
        return disguise(rng, question), answer

    def _name_turn(self):
        rng = self.rng
        if rng.random() < (0.35 if self.name else 0.7):
            self.name = rng.choice(NAMES) if rng.random() < 0.5 else offtopic.gibberish(rng).capitalize()
            said = rng.choice(["My name is {}", "My name is {}.", "I am {}.", "Hi, I am {}", "Call me {}", "Hello, my name is {}!", "I'm {}"])
            return said.format(self.name), f"Hello {self.name}!"
        asked = disguise(rng, rng.choice(["What is my name?", "Who am I?", "Do you know my name?", "What's my name?", "Tell me my name",
                                          "Do you remember my name?"]))
        return asked, f"Your name is {self.name}." if self.name else "You have not told me your name."


def row(rng, tokens, length, sums=0.47):
    """(ids, weights) of one conversation of at most `length` tokens; a weight is 0 where nothing is learned (questions, marks)."""
    ids, weights = [], []
    if rng.random() < 0.04:
        return completion(rng, tokens)
    chat = Chat(rng, length, sums)
    if rng.random() < 0.35:
        system = rng.choice(SYSTEMS) if rng.random() < 0.7 else offtopic.prose(rng, rng.choice([4, 8, 15, 30])).capitalize() + "."
        ids += message(tokens, "system", system)
        weights += [0.0] * len(ids)
    while True:
        question, answer = chat.turn()
        head = message(tokens, "user", question) + [tokens.start, *tokens.encode("assistant\n")]
        body, heavy = weigh(tokens, answer)
        if len(ids) + len(head) + len(body) + 1 > length:
            return ids, weights
        ids += head + body + tokens.encode("\n")
        weights += [0.0] * len(head) + heavy + [0.0]


def message(tokens, role, text):
    return [tokens.start, *tokens.encode(f"{role}\n{text}"), tokens.end, *tokens.encode("\n")]


def weigh(tokens, answer):
    """The answer's ids with its end mark; the figures after an equals sign count more, because few tokens carry that skill."""
    body = tokens.encode(answer) + [tokens.end]
    at = answer.rfind("=")
    if at < 0:
        return body, [1.0] * len(body)
    plain = len(tokens.encode(answer[:at + 1]))
    return body, [1.0] * plain + [4.0] * (len(body) - plain)


def completion(rng, tokens):
    """A text to continue without any chat around it, as /v1/completions sends it."""
    if rng.random() < 0.7:
        sign, a, b = arithmetic.pair(rng)
        head, tail = arithmetic.answer(sign, a, b).split("=")
        start = tokens.encode(head + "=")
    else:
        answer = rng.choice(facts.TERMS)[1]
        words = answer.split(" ")
        cut = rng.randrange(2, min(5, len(words)))
        start, tail = tokens.encode(" ".join(words[:cut])), " " + " ".join(words[cut:])
    body = tokens.encode(tail) + [tokens.end]
    return start + body, [0.0] * len(start) + [2.0] * len(body)


def sample_text(rng, chats=3000):
    """Plain text to learn the tokenizer from."""
    texts = []
    for _ in range(chats):
        chat = Chat(rng, 512)
        texts.extend("\n".join(chat.turn()) for _ in range(6))
        texts.append("system\nuser\nassistant\n" + rng.choice(SYSTEMS))
    return texts
