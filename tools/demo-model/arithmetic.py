"""Sums, differences, products and counting: questions in many wordings, answers that repeat the question in figures."""
from facts import RANGE

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen").split()
TENS = "? ? twenty thirty forty fifty sixty seventy eighty ninety".split()

SIGNS = {"+": [" + ", "+", " plus ", " plus ", " and ", " added to "],
         "-": [" - ", "-", " minus ", " minus ", " less ", " take away "],
         "*": [" * ", "*", " x ", "x", " times ", " times ", " multiplied by ", " \u00d7 ", "\u00d7"]}

# {e} is an expression such as `3 + 4`; {a} and {b} are its two numbers in the order of the answer.
OPEN = ["What is {e}?", "What is {e}?", "what's {e}", "How much is {e}?", "{e}", "{e}", "{e} =", "{e} = ?", "Calculate {e}", "Compute {e}.",
        "What does {e} make?", "What does {e} equal?", "Tell me {e}", "What do you get for {e}?", "Can you work out {e}?", "solve {e}",
        "What is the result of {e}?", "Give me {e}", "{e} is what?", "I need {e}", "Do you know what {e} is?", "Work out {e} for me",
        "How many is {e}?", "Answer this: {e}", "Question: {e}", "Now {e}", "And {e}?", "Please compute {e}", "Evaluate {e}", "{e} equals"]
NAMED = {"+": ["Add {a} and {b}", "What is the sum of {a} and {b}?", "Sum {a} and {b}", "Add {a} to {b}", "the total of {a} and {b}",
               "I have {a} apples and get {b} more. How many do I have?", "If I add {a} and {b}, what do I get?", "add {a} {b}"],
         "-": ["Subtract {b} from {a}", "Take {b} from {a}", "What is the difference of {a} and {b}?", "Take {b} away from {a}",
               "I have {a} apples and give away {b}. How many do I have?", "If I take {b} from {a}, what is left?",
               "deduct {b} from {a}"],
         "*": ["Multiply {a} by {b}", "What is the product of {a} and {b}?", "Multiply {a} and {b}", "{a} boxes of {b} make how many?",
               "the product of {a} and {b}", "If I multiply {a} by {b}, what do I get?"]}
COUNT = ["Count to {n}", "Count from 1 to {n}", "Can you count to {n}?", "Please count up to {n}", "Count up to {n}.", "Say the numbers from 1 to {n}",
         "List the numbers from 1 to {n}", "count from one to {n}"]


def words(number):
    if number < 20:
        return ONES[number]
    if number > 99:
        return str(number)
    ten, one = divmod(number, 10)
    return TENS[ten] if one == 0 else f"{TENS[ten]}-{ONES[one]}"


def held_out(sign, a, b):
    """One pair in fifty is never trained on: right answers there show that the model calculates and does not only remember."""
    return (a * 7919 + b * 104729 + ord(sign) * 31) % 50 == 0 and sign != "*"


def answer(sign, a, b):
    value = a + b if sign == "+" else a - b if sign == "-" else a * b
    return f"{a} {'x' if sign == '*' else sign} {b} = {value}"


def number_text(rng, number):
    roll = rng.random()
    if roll < 0.85 or number > 99:
        return str(number)
    return words(number).replace("-", " ") if roll < 0.9 else words(number)


def pair(rng):
    sign = rng.choice("++++----***")
    if sign == "*":
        return sign, rng.randrange(13), rng.randrange(13)
    top = rng.choice([10, 21, 100, 100, 100, 100])
    while True:
        a, b = rng.randrange(top), rng.randrange(top)
        if not held_out(sign, a, b):
            return sign, a, b


def ask(rng, sign, a, b):
    left, right = number_text(rng, a), number_text(rng, b)
    if rng.random() < 0.3:
        return rng.choice(NAMED[sign]).format(a=left, b=right)
    between = rng.choice(SIGNS[sign])
    if not between.startswith(" ") and not (left + right).isdigit():
        between = f" {between} "
    return rng.choice(OPEN).format(e=left + between + right)


def sample(rng):
    """(question, answer) inside the range that the model promises."""
    sign, a, b = pair(rng)
    return ask(rng, sign, a, b), answer(sign, a, b)


def beyond(rng):
    """(question, refusal): a number too large, a factor above twelve, a third number, or a division."""
    kind = rng.randrange(4)
    big = lambda: rng.choice([rng.randrange(100, 1000), rng.randrange(100, 200), rng.randrange(1000, 100000)])
    small = lambda: rng.randrange(100)
    if kind == 0:
        a, b = rng.choice([(big(), small()), (small(), big()), (big(), big())])
        return ask(rng, rng.choice("+-*"), a, b), RANGE
    if kind == 1:
        a, b = rng.choice([(rng.randrange(13, 100), small()), (rng.randrange(13), rng.randrange(13, 100))])
        return ask(rng, "*", a, b), RANGE
    if kind == 2:
        sign, other = rng.choice(["+", "-", "*"]), rng.choice(["+", "-", "*"])
        tail = rng.choice([s for s in SIGNS[other] if s.startswith(" ")]) + str(small())
        return rng.choice(OPEN).format(e=f"{small()}{rng.choice(SIGNS[sign])}{small()}{tail}"), RANGE
    sign = rng.choice([" / ", "/", " divided by ", " over ", " modulo ", " to the power of ", " ^ ", " % ", "^"])
    return rng.choice(OPEN).format(e=f"{small()}{sign}{small()}"), RANGE


def count(rng, top):
    """(question, answer): counting from 1 to at most `top`, the only long answer whose length the asker chooses."""
    n = rng.randrange(1, top + 1)
    return rng.choice(COUNT).format(n=number_text(rng, n)), " ".join(str(i) for i in range(1, n + 1))
