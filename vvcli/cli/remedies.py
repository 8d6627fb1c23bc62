"""Options that help where the library has failed: the one table from its errors to flags."""

from __future__ import annotations

from vvcli.errors import VvcliError

# What the library calls the remedy of an error: what to type.
REMEDIES = {
    "characters": "give shorter ones with --characters",
    "cuda": "use --device cuda",
    "fewer streams": "ask for fewer streams (-j)",
    "format": "give -f with one of these",
    "move away": "move it away, or give another -d",
    "name": "choose another --name",
    "rename": "rename it, or choose another --name",
    "retry": "--retry-failed tries again",
    "serve": "start `vvcli serve`, or leave out --server",
    "skip": "move it away, or give --existing skip to keep it, overwrite to replace it, "
    "or another -d",
    "token file": "give --token-file",
    "update": "give --existing update to make it again, skip to keep it, or another -d",
    "voice file": "name a voice file with -V",
    "wait": "wait for it, or give another -d",
    "wav": "write -f wav and convert it",
}


def with_remedy(error: VvcliError) -> str:
    """The sentence of `error`, and the options that would help."""
    return str(error) if error.remedy is None else f"{error}: {REMEDIES[error.remedy]}"
