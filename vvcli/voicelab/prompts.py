"""Made-up lines with what books lack: money, dates, times, measures, letters, addresses."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from vvcli.frontend.tables import rows

_MONTHS = [name.title() for _, name, *_ in rows("english/months")]
_CARRIERS = (
    "{}",
    "{}.",
    "It was {}.",
    "We need {} by tomorrow.",
    "She said {} and left.",
    "Is it {}?",
    "The answer is {}, not {}.",
    "From {} to {}.",
    "{} or {}, as you like.",
    "Please write down {}, then {}, and finally {}.",
)


def made_up_lines(words: list[str], count: int, rng: random.Random) -> Iterator[str]:
    """`count` lines; `words` fill addresses and titles."""
    names = [word for word in words if word[0].isupper() and word.isalpha()] or words
    plain = [word for word in words if word.islower() and word.isalpha()] or words
    kinds: tuple[Callable[[], str], ...] = (
        lambda: f"${rng.randint(0, 10 ** rng.randint(1, 6)):,}.{rng.randint(0, 99):02}",
        lambda: f"{rng.choice('$€£')}{rng.randint(1, 900)} {rng.choice(['million', 'billion'])}",
        lambda: f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/{rng.randint(1950, 2049)}",
        lambda: f"{rng.choice(_MONTHS)} {rng.randint(1, 31)}, {rng.randint(1700, 2049)}",
        lambda: f"{rng.randint(1, 12)}:{rng.randint(0, 59):02} {rng.choice(['am', 'pm'])}",
        lambda: f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}",
        lambda: str(rng.randint(0, 10 ** rng.randint(1, 7))),
        lambda: f"{rng.randint(0, 10 ** rng.randint(1, 5)):,}.{rng.randint(0, 999)}",
        lambda: f"{rng.randint(1, 200)}th",
        lambda: f"{rng.randint(1, 500)} {rng.choice(['km', 'kg', 'mph', 'ml', '°C', 'GB', '%'])}",
        lambda: str(rng.randint(1100, 2099)),
        lambda: "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=rng.randint(2, 4))),
        lambda: f"{rng.choice(plain)}.{rng.choice(['com', 'org', 'net', 'io'])}",
        lambda: f"https://www.{rng.choice(plain)}.com/{rng.choice(plain)}",
        lambda: f"{rng.choice(names).lower()}.{rng.choice(names).lower()}@{rng.choice(plain)}.org",
        lambda: f"{rng.choice(['Mr.', 'Mrs.', 'Dr.', 'Prof.'])} {rng.choice(names)}",
        lambda: f"{rng.choice(names)} {rng.choice(names)}",
        lambda: f"{rng.randint(200, 999)}-{rng.randint(200, 999)}-{rng.randint(1000, 9999)}",
    )
    for _ in range(count):
        carrier = rng.choice(_CARRIERS)
        yield carrier.format(*(rng.choice(kinds)() for _ in range(carrier.count("{}"))))
