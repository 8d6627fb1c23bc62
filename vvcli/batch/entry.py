"""A line of `manifest.jsonl`: the result of one file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any


class Outcome(Enum):
    """The result of making a file."""

    __hash__ = object.__hash__  # of Enum's own, written in Python, millions take a second

    OK = "ok"
    FAILED = "failed"
    TRUNCATED = "truncated"  # there is a file, and it does not hold all of the text
    SKIPPED = "skipped"  # nothing to say, or another file of that name was to be kept


@dataclass(frozen=True)
class ManifestEntry:
    """A line of the manifest."""

    audio_filepath: str | None  # relative to the manifest; none where there was nothing to say
    duration: float  # seconds
    text: str
    id: str | None
    index: int  # of the (first) record in the run
    voice: str | None
    seed: int | None
    status: Outcome
    error: str | None
    samples: int
    size: int  # bytes of the file
    sha256: str | None  # of the file
    fingerprint: str
    spoken: str | None = None  # what was said of the text, where that is not the text itself
    loudness: float | None = None  # of the file in LUFS, where one was asked for
    retried: list[dict[str, Any]] | None = None  # parts that were spoken again; see `Retried`
    revision: int = 0  # above that of entries in other manifests that this one replaces

    @property
    def key(self) -> str | int:
        """Key that all entries of the same file share."""
        return self.index if self.audio_filepath is None else self.audio_filepath

    @property
    def has_file(self) -> bool:
        """Whether it stands for a file that was made."""
        return self.status in (Outcome.OK, Outcome.TRUNCATED) and self.audio_filepath is not None

    def encode(self) -> bytes:
        """The entry as a line."""
        values = asdict(self) | {"status": self.status.value}
        for name in _OPTIONAL:
            if values[name] is None:
                del values[name]
        if not self.revision:
            del values["revision"]
        try:
            return json.dumps(values, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # a file name that is not UTF-8
            return json.dumps(values).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> ManifestEntry | None:
        """The entry in `line`, or none if that is something else. Unknown keys are ignored.

        Entries of 0.1 have all of these keys, and later versions may have more.
        """
        try:
            values = json.loads(line)
            if "frames" in values:  # as 0.1 called them
                values.setdefault("samples", values["frames"])
            values.setdefault("revision", 0)
            known = {
                name: values.get(name) if name in _OPTIONAL else values[name] for name in _TYPES
            }
            known["status"] = Outcome(known["status"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        good = all(type(known[name]) in types for name, types in _TYPES.items())
        return cls(**known) if good else None


_NONE = type(None)
_TYPES: dict[str, tuple[type, ...]] = {
    "audio_filepath": (str, _NONE),
    "duration": (float, int),
    "text": (str,),
    "id": (str, _NONE),
    "index": (int,),
    "voice": (str, _NONE),
    "seed": (int, _NONE),
    "status": (Outcome,),
    "error": (str, _NONE),
    "samples": (int,),
    "size": (int,),
    "sha256": (str, _NONE),
    "fingerprint": (str,),
    "spoken": (str, _NONE),
    "loudness": (float, int, _NONE),
    "retried": (list, _NONE),
    "revision": (int,),
}
_OPTIONAL = ("spoken", "loudness", "retried")
assert list(_TYPES) == [field.name for field in fields(ManifestEntry)]  # noqa: S101

_START = b'{"audio_filepath": '


def is_start_of_entry(data: bytes) -> bool:
    """Whether `data` is an entry's line that was cut short, and so not a whole object of any kind.

    Other programs write manifests as well, such as NeMo's, whose lines begin alike.
    """
    if not (data.startswith(_START) or _START.startswith(data)) or b"\0" in data:
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return True
    return False
