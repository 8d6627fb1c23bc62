r"""Checks a `tokenizer.json`, and keeps the parts of it that are used.

The format can describe programs: a chain of replacements that doubles the text each time, a
pattern that backtracks for hours, parts that make the library panic. So only the kinds are taken
that models of this family have, each with its own checks, and what encoding does not need (added
tokens, decoder, post-processor, truncation, padding) is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vvcli.errors import UnavailableError

MAX_TOKENIZER_BYTES = 16 << 20  # Qwen2.5's has 7 MB
MAX_MERGES = 1 << 20
MAX_SEQUENCE = 4
MAX_AFFIX = 32  # characters of what marks a piece of a word

NORMALIZERS = ("NFC", "NFD", "NFKC", "NFKD", "Lowercase")
BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")


def _words(letters: str, numbers: str) -> str:
    return (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?"
        rf"{letters}|{numbers}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


# Patterns that are known to take linear time: a character, and words as Qwen, GPT-4 and Llama 3
# have them.
PATTERNS = (
    r"[\s\S]",
    _words(r"\p{L}+", r"\p{N}"),
    _words(r"\p{L}+", r"\p{N}{1,3}"),
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|"
    r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)


def encoding_part(content: dict[str, Any], path: Path, vocab_size: int) -> dict[str, Any]:
    """What of `content`, a `tokenizer.json`, encodes text, for a model of `vocab_size` tokens.

    Raises:
        UnavailableError: a part is of a kind that is not known, or the vocabulary does not fit.
    """
    try:
        return {
            "version": "1.0",
            "added_tokens": [],
            "model": _model(content.get("model"), vocab_size),
            "normalizer": _normalizer(content.get("normalizer")),
            "pre_tokenizer": _pre_tokenizer(content.get("pre_tokenizer")),
            **dict.fromkeys(("post_processor", "decoder", "truncation", "padding")),
        }
    except _UnknownError as error:
        raise UnavailableError(f"{path} is not a tokenizer this program uses: {error}") from error


class _UnknownError(Exception):
    """What is wrong, in words."""


def _model(model: Any, vocab_size: int) -> dict[str, Any]:
    vocab = model.get("vocab") if type(model) is dict else None
    if type(vocab) is not dict or not vocab or not all(type(i) is int for i in vocab.values()):
        raise _UnknownError("it has no vocabulary")
    lowest, highest = min(vocab.values()), max(vocab.values())
    if lowest < 0 or highest >= vocab_size or len(vocab) > vocab_size:
        raise _UnknownError(
            f"it has token {lowest if lowest < 0 else highest}, the model {vocab_size} tokens: "
            "the tokenizer is another model's"
        )
    unknown = model.get("unk_token")
    if unknown is not None and (type(unknown) is not str or unknown not in vocab):
        raise _UnknownError("its unk_token is not in its vocabulary")
    kind = model.get("type")
    if kind == "WordLevel":
        if unknown is None:
            raise _UnknownError("it has no unk_token")
        return {"type": "WordLevel", "vocab": vocab, "unk_token": unknown}
    if kind != "BPE":
        raise _UnknownError("its model is neither BPE nor WordLevel")
    if model.get("dropout"):
        raise _UnknownError("its dropout would read a text differently each time")
    known: dict[str, Any] = {"type": "BPE", "vocab": vocab, "unk_token": unknown, "dropout": None}
    known["merges"] = _merges(model.get("merges"))
    for key in ("continuing_subword_prefix", "end_of_word_suffix"):
        known[key] = _of_type(model, key, str, None)
        if len(known[key] or "") > MAX_AFFIX:
            raise _UnknownError(f"its {key} is too long")
    for key in ("fuse_unk", "byte_fallback", "ignore_merges"):
        known[key] = _of_type(model, key, bool, False)
    return known


def _merges(merges: Any) -> list[Any]:
    if type(merges) is not list or len(merges) > MAX_MERGES:
        raise _UnknownError(f"its merges are not a list of at most {MAX_MERGES}")
    for merge in merges:
        pair = merge.split(" ") if type(merge) is str else merge
        if type(pair) is not list or len(pair) != 2 or not all(type(p) is str and p for p in pair):
            raise _UnknownError("one of its merges is not a pair of tokens")
    return merges


def _normalizer(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    parts = _sequence(value, "normalizers")
    for part in parts:
        if part.get("type") not in NORMALIZERS:
            raise _UnknownError(f"its normalizer is none of {', '.join(NORMALIZERS)}")
    return {"type": "Sequence", "normalizers": [{"type": part["type"]} for part in parts]}


def _pre_tokenizer(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    parts = [_splitter(part) for part in _sequence(value, "pretokenizers")]
    return {"type": "Sequence", "pretokenizers": parts}


def _splitter(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind in ("Whitespace", "WhitespaceSplit"):
        return {"type": kind}
    if kind == "Digits":
        return {"type": kind, "individual_digits": _of_type(part, "individual_digits", bool, False)}
    if kind == "ByteLevel":
        defaults = {"add_prefix_space": True, "trim_offsets": True, "use_regex": True}
        return {"type": kind} | {key: _of_type(part, key, bool, v) for key, v in defaults.items()}
    if kind != "Split":
        raise _UnknownError("its pre-tokenizer is of a kind that is not known")
    pattern: Any = part.get("pattern")
    match pattern:
        case {"Regex": str(regex)} if pattern == {"Regex": regex} and regex in PATTERNS:
            pass
        case {"String": str(text)} if pattern == {"String": text} and text:
            pass
        case _:
            raise _UnknownError("its pre-tokenizer splits by a pattern that is not known")
    behavior = part.get("behavior")
    if type(behavior) is not str or behavior not in BEHAVIORS:
        raise _UnknownError("its pre-tokenizer splits in a way that is not known")
    invert = _of_type(part, "invert", bool, False)
    return {"type": kind, "pattern": pattern, "behavior": behavior, "invert": invert}


def _sequence(value: Any, key: str) -> list[dict[str, Any]]:
    """The parts of a sequence, or the one part that `value` is; a sequence has no sequences."""
    is_sequence = type(value) is dict and value.get("type") == "Sequence"
    parts: Any = value.get(key) if is_sequence else [value]
    if type(parts) is not list or not 0 < len(parts) <= MAX_SEQUENCE:
        raise _UnknownError(f"its {key} are not 1 to {MAX_SEQUENCE}")
    if not all(type(part) is dict for part in parts):
        raise _UnknownError(f"its {key} are not objects")
    return parts


def _of_type(values: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    value = values.get(key)
    if value is None:
        return default
    if type(value) is not kind:
        raise _UnknownError(f"its {key} is of the wrong type")
    return value
