"""Four scripts of four speakers and thirty lines, in the form `Speaker 1: text`."""

from __future__ import annotations

from collections.abc import Iterator

_TURNS = [0, 1, 2, 3]
_INTERRUPTED = [0, 1, 0, 2, 0, 3, 1, 0, 2, 3]

_LINES = {
    "podcast": [
        "Welcome back to the show, episode {n}.",
        "Thanks for having me, it's great to be here.",
        "Let's start with the question everyone asked.",
        "I'd put it at 1 in 10, maybe less.",
        "That's not what the data from 2024 says, though.",
        "Fair. But look at the first {n} pages of the report.",
    ],
    "kitchen": [
        "Preheat the oven to 350°F, please.",
        "How much flour did you say, 2 1/2 cups?",
        "Yes, and {n} g of butter.",
        "Don't forget the salt: 1/2 tsp.",
        "It smells wonderful already!",
        "Ten more minutes. Nobody opens the door.",
    ],
    "office": [
        "Dr. Lee, the meeting is at 9:30 a.m. on Mon., Jan. 5.",
        "Could you send the file to me@example.com?",
        "Room {n}, as always?",
        "No. The other one, next to the CEO's.",
        "We spent $1.2M in Q3; that's 5% over.",
        "Then let's cut items {n} and 12 (see p. 4).",
    ],
    "station": [
        "Is this the train to London?",
        'It says "Platform {n}" over there.',
        "Wait... which one? The 10:45 or the 11:05?",
        "Whichever comes first 😀",
        "I've lost my ticket -- no, here it is.",
        "Hurry up, then!",
    ],
}

NAMES = tuple(_LINES)


def turns(name: str) -> list[tuple[int, str]]:
    """The speaker, from 0, and the text of each of thirty lines of a script."""
    order = _INTERRUPTED if name in ("office", "station") else _TURNS
    said = _LINES[name]
    return [(order[i % len(order)], said[i % len(said)].format(n=i + 1)) for i in range(30)]


def script(name: str) -> str:
    """The script as it is written; "station" has empty lines between its speakers."""
    return "".join(_written(name))


def _written(name: str) -> Iterator[str]:
    for speaker, text in turns(name):
        yield f"Speaker {speaker + 1}: {text}\n"
        if name == "station":
            yield "\n"
