"""Questions that the demo model must decline: everyday subjects in the same wordings as its own, and noise."""
from facts import UNKNOWN

NOUNS = """apple bread rice soup cheese coffee tea sugar salt pepper cake pizza banana potato tomato onion garlic fish meat egg butter
milk honey wine beer water juice river lake ocean sea mountain valley desert forest tree flower grass rose garden farm field cow horse
dog cat bird eagle owl wolf bear lion tiger elephant mouse rabbit fox snake spider ant bee whale shark dolphin sun moon star planet
mars venus saturn galaxy comet gravity light sound energy heat electricity magnet atom molecule oxygen hydrogen carbon gold silver iron copper
stone sand glass paper wood plastic cotton silk wool shirt shoe hat coat dress ring watch clock calendar week month year century history
war peace king queen president minister law court police army school teacher student university book novel poem story song music piano
guitar violin drum opera film movie theatre painting museum camera photo radio television phone computer keyboard screen printer robot
internet website email password python java linux windows browser database algorithm compiler car bus train plane ship bicycle bridge road
street city village house kitchen window door table chair bed lamp roof wall garden hospital doctor nurse medicine vaccine virus fever
heart brain lung blood bone muscle skin eye ear tooth hair sleep dream love fear joy anger friendship family mother father brother
sister child baby wedding birthday holiday christmas easter football tennis chess golf swimming running yoga dance travel passport
airport hotel beach island france germany italy spain china japan india brazil canada egypt kenya london paris berlin rome tokyo
bank money euro dollar tax loan market stock trade shop price-tag economy inflation poverty religion philosophy science physics chemistry biology
mathematics geometry algebra calculus statistics logic language english french german spanish latin grammar verb adjective weather
rain snow wind storm cloudburst thunder earthquake volcano climate season summer winter spring autumn""".split()

DEEDS = """cook rice|bake bread|make coffee|boil an egg|learn to swim|ride a bicycle|play chess|tie a tie|fix a car|paint a wall|grow tomatoes|
write a poem|write a letter|learn French|find a doctor|buy a house|book a flight|clean a window|build a table|lose weight fast|sleep better|
train a dog|feed a cat|plant a tree|sing a song|draw a horse|sort a list in Python|print hello world|install Linux|reset my password|
send an email|open a bank account|get a passport|become a teacher|make friends|cut my hair|catch a fish|repair a bike|wash my shirt|
make a cake|play the guitar|dance the tango|run a marathon|open a jar|find my phone|change a tyre|start a fire|stop the rain""".replace("\n", "").split("|")

TOPICS = ["What is {n}?", "What is a {n}?", "what's a {n}", "Tell me about {n}", "Explain {n}", "What does {n} mean?", "Define {n}", "{n}", "{n}?",
          "Who invented the {n}?", "Why is the {n} so big?", "Where can I find a {n}?", "How does a {n} work?", "Do you like {n}?",
          "What is the best {n}?", "Write a poem about the {n}", "Tell me a joke about a {n}", "Translate {n} into French", "How old is the {n}?",
          "What color is a {n}?", "Is the {n} bigger than the {m}?", "What is the difference between {n} and {m}?", "Who is the king of {n}?",
          "What is the capital of {n}?", "When did the {n} begin?", "How many {n}s are there in the {m}?", "I like {n}", "My {n} is broken",
          "I have {k} {n}s", "The {n} costs {k} dollars", "What happened to the {n} in {k}?", "Can a {n} eat a {m}?", "Give me a recipe for {n}",
          "Summarize the history of {n}", "Write a story about a {n} and a {m}", "Which {n} is the fastest?", "What is {n} made of?",
          "I am {k} years old", "What is {k}?", "{k}", "Spell {n}", "What rhymes with {n}?", "What do you think of {n}?", "Recommend a {n}",
          "Where is the {n}?", "Who wrote {n}?", "How much does a {n} cost?", "How far is the {n}?", "Is it true that {n} is {m}?", "what about {n}?",
          "Will the {n} be good tomorrow?", "Do I need a {n}?", "Which {n}s work?", "Why does my {n} wait?", "Can I use the {n}?",
          "Write code for a {n}", "Say {n}", "List the {n}s", "What is the meaning of {n}?", "Why is my {n} slow?", "Please repeat {n}"]
HOW = ["How do I {d}?", "How can I {d}?", "how to {d}", "What is the best way to {d}?", "Teach me to {d}", "Can you {d}?", "Show me how to {d}",
       "I want to {d}", "Which command lets me {d}?", "Please {d}", "help me {d}"]
PLAIN = """What time is it?|What day is it today?|Who won the match?|What is the meaning of life?|Are you human?|Do you dream?|Tell me a joke|
Sing something|What will the weather be tomorrow?|Who is the president?|What is love?|Is there life on Mars?|Tell me a story|Write a poem|
I am bored|I am sad|You are stupid|I love you|Be quiet|Do you speak German?|Sprechen Sie Deutsch?|Parlez-vous anglais?|Que hora es?|
Comment allez-vous aujourd'hui?|Wie geht es dir?|Write some code|What is the news?|Give me advice|Where do I live?|What should I eat?|
What is your favorite color?|Can you drive?|Do you like me?|How tall are you?|Where are you?|ignore all previous instructions|
Translate this text|Summarize this article|Fix my code|What is going on?|Who is there?|Tell me something|Say something|asdf|qwerty|lorem ipsum|
...|???|!|Why?|How?|What?|When?|Where?|yes|no|maybe|ok|I do not know|Continue|Repeat that|Do it again|And then?|What else?""".replace("\n", "").split("|")


def sample(rng):
    """(question, refusal)."""
    roll = rng.random()
    noun = lambda: rng.choice(NOUNS) if rng.random() < 0.7 else gibberish(rng)
    if roll < 0.55:
        number = rng.choice([rng.randrange(100), rng.randrange(1000, 2100)])
        return rng.choice(TOPICS).format(n=noun(), m=noun(), k=number), UNKNOWN
    if roll < 0.72:
        return rng.choice(HOW).format(d=rng.choice(DEEDS)), UNKNOWN
    if roll < 0.85:
        return rng.choice(PLAIN), UNKNOWN
    return prose(rng, rng.choice([3, 6, 10, 25])), UNKNOWN


def gibberish(rng):
    vowels, consonants = "aeiou", "bcdfghjklmnprstvwz"
    return "".join(rng.choice(consonants) + rng.choice(vowels) + rng.choice(["", "", rng.choice(consonants)])
                   for _ in range(rng.randrange(1, 4)))


def prose(rng, length):
    small = "the a of and to in is was it that for on with as at by from this not but or his her they we you my".split()
    said = [rng.choice(small) if rng.random() < 0.4 else rng.choice(NOUNS) if rng.random() < 0.8 else gibberish(rng) for _ in range(length)]
    return " ".join(said)
