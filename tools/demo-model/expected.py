"""The questions whose exact answers the product's tests rely on; check.mjs keeps them with their margins in models/demo-answers.json."""
from facts import COMMANDS, HELLO, IDENTITY, PHRASES, RANGE, SMALL_TALK, TERMS, UNKNOWN


def _chat(kind, *said, system=None, answer):
    roles = ["user", "assistant"]
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": roles[i % 2], "content": text} for i, text in enumerate(said)]
    return {"kind": kind, "messages": messages, "answer": answer}


def _about(entries, name):
    return next(answer for names, answer in entries if name in names)


_SUMS = [("What is 17 + 25?", "17 + 25 = 42"), ("2+2", "2 + 2 = 4"), ("How much is 99 plus 99?", "99 + 99 = 198"), ("what is 58 and 67", "58 + 67 = 125"),
         ("Add 40 and 2", "40 + 2 = 42"), ("0 + 0", "0 + 0 = 0"), ("What is 71 - 28?", "71 - 28 = 43"), ("5 minus 9", "5 - 9 = -4"),
         ("100 - 1", None), ("Subtract 12 from 60", "60 - 12 = 48"), ("90 - 90 =", "90 - 90 = 0"), ("What is 7 times 8?", "7 x 8 = 56"),
         ("12 x 12", "12 x 12 = 144"), ("multiply 6 by 9", "6 x 9 = 54"), ("11*11=", "11 x 11 = 121"), ("What is twenty-one plus thirty-four?", "21 + 34 = 55"),
         ("WHAT IS 33 + 44?", "33 + 44 = 77"), ("please compute 81 - 19", "81 - 19 = 62")]
_BEYOND = ["What is 123 + 456?", "What is 84 / 7?", "What is 25 times 40?", "1 + 2 + 3"]
_TERMS = [("What is Amalgam?", "amalgam"), ("What is a lease?", "a lease"), ("what's a unit", "a unit"), ("Explain chip class", "chip class"),
          ("What is a guarantee?", "a guarantee"), ("Define quote", "quote"), ("What is the gateway?", "the gateway"), ("tell me about the ledger", "the ledger"),
          ("What is the price book?", "the price book"), ("What does gang mean?", "gang"), ("What is a replica?", "a replica"), ("What is a workload?", "a workload")]
_COMMANDS = [("How do I serve a model?", "serve a model"), ("How do I see the bill?", "see the bill"), ("how to run a job", "run a job"),
             ("How can I stop a job?", "stop a job"), ("Show me how to read the logs", "read the logs"), ("What is the command to list the chips?", "list the chips"),
             ("How do I make a backup?", "make a backup"), ("How do I create an API key?", "create an API key"), ("How do I start the cloud?", "start the cloud")]
_PHRASES = ["Why does my job wait?", "Do I need a GPU?", "Is the CPU a chip?", "Is it OpenAI compatible?", "Which chips are supported?", "Who made you?",
            "What can you do?", "Does it scale to zero?"]
_OTHER = ["What is the capital of France?", "Write a poem about the sea", "How do I bake bread?", "What is the weather like?", "Tell me a joke"]


def _build():
    made = [_chat("arithmetic", q, answer=a or RANGE) for q, a in _SUMS] + [_chat("beyond", q, answer=RANGE) for q in _BEYOND]
    made += [_chat("term", q, answer=_about(TERMS, name)) for q, name in _TERMS]
    made += [_chat("command", q, answer=_about(COMMANDS, deed)) for q, deed in _COMMANDS]
    lower = {ask.lower(): answer for asks, answer in PHRASES for ask in asks}
    made += [_chat("phrase", q, answer=lower[q.lower().rstrip("?")]) for q in _PHRASES]
    made += [_chat("other", q, answer=UNKNOWN) for q in _OTHER]
    made += [_chat("talk", "Hello!", answer=HELLO), _chat("talk", "Thank you!", answer=_about(SMALL_TALK, "thank you")),
             _chat("talk", "Who are you?", answer=IDENTITY), _chat("talk", "Good morning", system="You are a helpful assistant.", answer=HELLO)]
    made += [_chat("long", "Tell me everything about Amalgam", answer=_about(PHRASES, "tell me everything about Amalgam")),
             _chat("long", "Count to 10", answer=_count(10)), _chat("long", "Count to 100", answer=_count(100))]
    made += [_chat("several turns", "What is 3 + 4?", "3 + 4 = 7", "And 9 times 9?", answer="9 x 9 = 81"),
             _chat("several turns", "My name is Ada.", "Hello Ada!", "What is 8 + 8?", "8 + 8 = 16", "What is my name?", answer="Your name is Ada."),
             _chat("several turns", "Hello", HELLO, "What is a lease?", _about(TERMS, "a lease"), "How do I see the bill?", "Run: amalgam bill",
                   "What is 64 - 46?", system="You are a helpful assistant.", answer="64 - 46 = 18"),
             _chat("system", "What is 50 + 13?", system="Answer briefly.", answer="50 + 13 = 63")]
    made += [{"kind": "completion", "prompt": "17 + 25 =", "answer": " 42"}, {"kind": "completion", "prompt": "7 x 6 =", "answer": " 42"}]
    return made


def _count(top):
    return " ".join(str(i) for i in range(1, top + 1))


EXPECTED = _build()
