"""Items: runs of tokens, each with what it means."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from vvcli.frontend.clause import class_name


class Value(Protocol):
    """What an item means: an instance of its class, as in `Time(9, 5, "pm")`."""

    def words(self, british: bool) -> str:
        """How it is said, in lower case; stops and commas may stand after words."""


# An item of a clause; see `Item`, whose checks of arguments would take half of the time.
Found = tuple[Value, str, int, bool]


class Item(NamedTuple):
    """Some tokens of a clause and what they mean."""

    value: Value
    text: str
    start: int  # in the clause
    stop: bool = False  # the full stop it ends with also ends the sentence

    @property
    def name(self) -> str:
        """The name of its class: of the file that holds it, up to an underscore."""
        return class_name(type(self.value))

    def words(self, british: bool = False) -> str:
        """How it is said."""
        return self.value.words(british) + "." if self.stop else self.value.words(british)
