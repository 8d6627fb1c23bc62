"""Of a tokenizer.json only known kinds are taken, and a text it cannot encode is one record's."""

from __future__ import annotations

import copy
import json
import shutil
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from vvcli.checkpoint.tokenizer import TextTokenizer, build
from vvcli.checkpoint.tokenizer_json import PATTERNS, encoding_part
from vvcli.errors import RecordError, UnavailableError

from .samples import TINY, load_tokenizer

CONTENT: dict[str, Any] = json.loads((TINY / "tokenizer.json").read_text())
QWEN = CONTENT | {
    "normalizer": {"type": "NFC"},
    "pre_tokenizer": {
        "type": "Sequence",
        "pretokenizers": [
            {
                "type": "Split",
                "pattern": {
                    "Regex": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
                    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
                },
                "behavior": "Isolated",
                "invert": False,
            },
            {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": False,
                "use_regex": False,
            },
        ],
    },
}
CHARACTERS = {
    "pre_tokenizer": {
        "type": "Split",
        "pattern": {"Regex": "[\\s\\S]"},
        "behavior": "Isolated",
        "invert": False,
    },
    "model": {"type": "WordLevel", "vocab": {" ": 0, "a": 1}, "unk_token": " "},
}
DOUBLING = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}


@pytest.mark.slow
@pytest.mark.parametrize("content", [CONTENT, QWEN, CHARACTERS], ids=["tiny", "qwen", "embedded"])
@given(text=st.text())
def test_what_is_kept_encodes_as_the_whole_does(content: dict[str, Any], text: str) -> None:
    whole = Tokenizer.from_str(json.dumps({"version": "1.0", **content, "added_tokens": []}))
    kept = Tokenizer.from_str(json.dumps(encoding_part(content, Path("t"), 600)))
    expected = whole.encode(text, add_special_tokens=False).ids
    assert kept.encode(text, add_special_tokens=False).ids == expected


def changed(**parts: Any) -> dict[str, Any]:
    return copy.deepcopy(CONTENT) | parts


def model(**parts: Any) -> dict[str, Any]:
    return changed(model=CONTENT["model"] | parts)


def split(pattern: object, **parts: object) -> dict[str, Any]:
    return changed(
        pre_tokenizer={"type": "Split", "pattern": pattern, "behavior": "Isolated"} | parts
    )


UNKNOWN = {"unk_token": "[UNK]"}

HOSTILE = {
    "nested Replace": changed(normalizer={"type": "Sequence", "normalizers": [DOUBLING] * 40}),
    "one Replace": changed(normalizer=DOUBLING),
    "deep sequences": changed(
        normalizer={
            "type": "Sequence",
            "normalizers": [{"type": "Sequence", "normalizers": [DOUBLING]}],
        }
    ),
    "many normalizers": changed(
        normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}] * 1000}
    ),
    "Precompiled": changed(normalizer={"type": "Precompiled", "precompiled_charsmap": ""}),
    "no object": changed(normalizer=5),
    "FixedLength": changed(pre_tokenizer={"type": "FixedLength", "length": 0}),
    "many pre-tokenizers": changed(
        pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "Digits"}] * 1000}
    ),
    "Metaspace": changed(pre_tokenizer={"type": "Metaspace", "replacement": "", "split": True}),
    "backtracking": split({"Regex": "(a+)+$"}),
    "quadratic": split({"Regex": "a*b"}),
    "empty pattern": split({"String": ""}),
    "two patterns": split({"String": "a", "Regex": PATTERNS[0]}),
    "no pattern": split(None),
    "behavior": split({"String": "a"}, behavior=["Isolated"]),
    "invert": split({"String": "a"}, invert="no"),
    "no unk": model(type="WordLevel", **UNKNOWN),
    "unk is None": model(type="WordLevel", unk_token=None),
    "unk of BPE": model(**UNKNOWN),
    "unk is a list": model(unk_token=["a"]),
    "Unigram": model(type="Unigram", vocab={"a": 1}, unk_id=5),
    "kind is a list": model(type=["BPE"]),
    "dropout": model(dropout=0.5),
    "negative": model(vocab={"a": -1}),
    "too many": model(vocab={"a": 600}),
    "same ids": model(vocab={str(i): 1 for i in range(601)}),
    "merges": model(merges=["a"]),
    "merges of three": model(merges=[["a", "b", "c"]]),
    "merges of nothing": model(merges=["a "]),
    "merges unknown": model(merges=["qqqq zzzz"]),
    "no merges": model(merges={"a": "b"}),
    "long affix": model(continuing_subword_prefix="a" * 10_000),
    "affix is a number": model(end_of_word_suffix=5),
    "fuse is a number": model(fuse_unk=5),
    "surrogate": model(vocab={"\ud800": 1}, merges=[]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_unknown_kind_is_refused_at_load(tmp_path: Path, name: str) -> None:
    for file in ("config.json", "model.safetensors"):
        shutil.copy(TINY / file, tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(HOSTILE[name]))
    with pytest.raises(UnavailableError, match=r"tokenizer\.json is not a tokenizer"):
        load_tokenizer(tmp_path)


# Small enough to be right as often as wrong.
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 700)
    | st.sampled_from(
        ["", "a", "NFC", "Replace", "Split", "Sequence", "ByteLevel", "BPE", *PATTERNS]
    )
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "pattern", "Regex", "String", "normalizers", "vocab", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    parts=st.dictionaries(
        st.sampled_from(["normalizer", "pre_tokenizer", "truncation", "padding", "decoder"]), VALUES
    ),
    of_model=st.dictionaries(
        st.sampled_from(["type", "unk_token", "merges", "dropout", "fuse_unk", "byte_fallback"]),
        VALUES,
    ),
)
def test_any_content_is_refused_or_encodes(parts: dict[str, Any], of_model: dict[str, Any]) -> None:
    try:
        content = encoding_part(model(**of_model) | parts, Path("t"), 600)
        encoder = TextTokenizer(build(content, Path("t")))
    except UnavailableError:
        return
    with suppress(RecordError):
        assert encoder.encode("Hello, aaa 12.")


class Panic(BaseException):
    """Looks like a panic of a library in Rust."""


Panic.__module__ = "pyo3_runtime"


def broken(error: BaseException) -> Any:
    """A tokenizer that raises `error`."""

    def encode(_text: str, **_: Any) -> Any:
        raise error

    return SimpleNamespace(encode=encode)


@pytest.mark.parametrize(
    "error", [Panic("index out of bounds"), Exception("no unk"), MemoryError()]
)
def test_a_library_that_fails_fails_one_record(error: BaseException) -> None:
    with pytest.raises(RecordError, match="cannot encode the text"):
        TextTokenizer(broken(error)).encode("a")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_an_interruption_is_none_of_a_tokenizer(error: BaseException) -> None:
    with pytest.raises(type(error)):
        TextTokenizer(broken(error)).encode("a")


def test_a_text_without_tokens_is_a_records_error() -> None:
    content = model(vocab={"a": 1}, merges=[]) | {"pre_tokenizer": None}
    tokenizer = TextTokenizer(
        Tokenizer.from_str(json.dumps(encoding_part(content, Path("t"), 600)))
    )
    assert tokenizer.encode("a") == [1]
    with pytest.raises(RecordError, match="no tokens for the text"):
        tokenizer.encode("bcd")
