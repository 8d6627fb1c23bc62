from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import vvcli
from vvcli.checkpoint import model_folder as module
from vvcli.checkpoint.character_tokens import character_tokenizer
from vvcli.checkpoint.preprocessor_config import tokenizer_repository
from vvcli.checkpoint.tokenizer import TextTokenizer
from vvcli.checkpoint.tokenizer_json import encoding_part
from vvcli.errors import RecordError, UnavailableError

from .samples import TINY, load_tokenizer

CASES = json.loads((TINY / "cases.json").read_text())
TOKENIZER = load_tokenizer(TINY)
REFERENCE = Tokenizer.from_file(str(TINY / "tokenizer.json"))
STRAIGHT = str.maketrans("‘’“”", "''\"\"")
SPECIAL = ("<|endoftext|>", "<|image_pad|>")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder without a tokenizer."""
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        shutil.copy(TINY / name, tmp_path)
    return tmp_path


def change(path: Path, **keys: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_golden_token_ids(case: dict[str, Any]) -> None:
    expected = np.load(TINY / case["expected"])["token_ids"]
    assert TOKENIZER.encode(case["text"]) == expected.tolist()


def test_quotes_are_straight_and_the_line_ends_once() -> None:
    assert TOKENIZER.encode(" ‘it’s’ “so”\n\n") == TOKENIZER.encode("'it's' \"so\"")
    assert TOKENIZER.encode("a")[-1] == TOKENIZER.encode("")[0]
    assert len(TOKENIZER.encode("")) == 1


@given(st.text())
def test_ordinary_text_is_encoded_as_the_reference_does(text: str) -> None:
    straight = text.replace("‘", "'").replace("’", "'").replace("“", '"').replace("”", '"')
    expected = REFERENCE.encode(straight.strip() + "\n", add_special_tokens=False).ids
    assert TOKENIZER.encode(text) == expected


EMBEDDED = Path(vvcli.__file__).parent / "assets"
CHARACTERS = load_tokenizer(EMBEDDED)
LIBRARY = Tokenizer.from_file(str(EMBEDDED / "tokenizer.json"))


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("abc .,\n\x00é"))
def test_characters_are_encoded_as_by_the_library(text: str) -> None:
    said = f"{text} a"  # no word that is another one where it is alone
    line = said.translate(STRAIGHT).strip() + "\n"
    assert CHARACTERS.encode(said) == LIBRARY.encode(line, add_special_tokens=False).ids


@pytest.mark.parametrize("change", [
    {"normalizer": {"type": "Lowercase"}},
    {"pre_tokenizer": None},
    {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"[\s\S]"}, "behavior": "Removed"}},
])  # fmt: skip
def test_where_tokens_are_not_all_characters_the_library_encodes(change: dict[str, Any]) -> None:
    content = json.loads((EMBEDDED / "tokenizer.json").read_text())
    assert character_tokenizer(encoding_part(content, Path("t"), 64)) is not None
    assert character_tokenizer(encoding_part(content | change, Path("t"), 64)) is None


@pytest.mark.parametrize("place", ["vocab", "unk_token"])
def test_a_token_that_is_half_a_character_is_refused(place: str) -> None:
    content = json.loads((EMBEDDED / "tokenizer.json").read_text())
    model = content["model"]
    model["vocab"]["\ud800"] = 5
    if place == "unk_token":
        model[place] = "\ud800"
    with pytest.raises(UnavailableError, match="is not a tokenizer"):
        TextTokenizer.from_json(content, Path("t"), 64)


def test_words_that_the_model_cannot_say_alone_are_others(folder: Path) -> None:
    shutil.copy(TINY / "tokenizer.json", folder)
    change(folder / "config.json", lone_words={"i": "eye", "w": "double you"})
    encode = load_tokenizer(folder).encode
    for text, other in (("i", "eye"), ("i.", "eye."), ("w?!", "double you?!")):
        assert encode(text) == TOKENIZER.encode(other)
    for text in ("i am", "a i.", "it", "", ".", "eye", "I"):
        assert encode(text) == TOKENIZER.encode(text)


@pytest.mark.parametrize("value", [["i"], "i", {"i": 1}, {"i": None}, 3])
def test_lone_words_are_words(folder: Path, value: Any) -> None:
    shutil.copy(TINY / "tokenizer.json", folder)
    change(folder / "config.json", lone_words=value)
    with pytest.raises(UnavailableError, match="lone_words is not an object of words"):
        load_tokenizer(folder)


@pytest.mark.parametrize("special", SPECIAL)
def test_the_name_of_a_special_token_is_text(special: str) -> None:
    (forbidden,) = REFERENCE.encode(special, add_special_tokens=False).ids
    ids = TOKENIZER.encode(f"He typed {special} twice.")
    assert forbidden not in ids
    assert REFERENCE.decode(ids) == f"He typed {special} twice.\n"


def test_tokens_that_are_added_but_not_special_are_text_too(folder: Path) -> None:
    content = json.loads((TINY / "tokenizer.json").read_text())
    content["added_tokens"][0] |= {"content": "<tool_call>", "special": False}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert load_tokenizer(folder).encode("<tool_call>") == TOKENIZER.encode("<tool_call>")
    assert 0 not in TOKENIZER.encode("<tool_call>")


def test_a_tokenizer_that_truncates_does_not(folder: Path) -> None:
    shutil.copy(TINY / "tokenizer.json", folder)
    cut = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    change(folder / "tokenizer.json", truncation=cut)
    assert load_tokenizer(folder).encode("one two three") == TOKENIZER.encode("one two three")


def test_text_that_is_not_unicode_is_a_records_error() -> None:
    with pytest.raises(RecordError, match="not valid Unicode at character 3"):
        TOKENIZER.encode("ab\udcff")


class Counted:
    """A tokenizer of the library that notes how much it is given at a time."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def encode(self, text: str, **options: Any) -> Any:
        self.given.append(text)
        return REFERENCE.encode(text, **options)


def test_a_long_text_is_checked_in_pieces_and_all_of_it() -> None:
    counted = Counted()
    text = "one less than two " * 5000
    TextTokenizer(counted).check(text)  # type: ignore[arg-type]
    assert max(map(len, counted.given)) <= 1 << 14
    assert "".join(counted.given) == text.strip() + "\n"


@pytest.mark.parametrize("text", ["\ud800", "word " * 10_000 + "\udfff"])
def test_a_check_refuses_what_cannot_be_encoded(text: str) -> None:
    with pytest.raises(RecordError) as said:
        TOKENIZER.encode(text)
    with pytest.raises(RecordError, match=f"^{said.value}$"):
        TOKENIZER.check(text)


def test_the_hub_cache_is_asked_only_without_a_tokenizer_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def cached(repository: str, name: str) -> Path:
        asked.append((repository, name))
        return TINY / "tokenizer.json"

    monkeypatch.setattr(module, "cached_file", cached)
    change(folder / "preprocessor_config.json", language_model_pretrained_name="some/model")
    assert load_tokenizer(folder).encode("a") == TOKENIZER.encode("a")
    shutil.copy(TINY / "tokenizer.json", folder)
    load_tokenizer(folder)
    assert asked == [("some/model", "tokenizer.json")]


def test_a_missing_tokenizer_says_how_to_get_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "cached_file", lambda repository, name: None)
    with pytest.raises(UnavailableError) as caught:
        load_tokenizer(folder)
    assert "Qwen/Qwen2.5-0.5B is not on this machine" in str(caught.value)
    assert f"`vvcli models pull {folder}`" in str(caught.value)
    assert tokenizer_repository({}) == "Qwen/Qwen2.5-0.5B"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "has no vocabulary"),
        ('{"model": {"vocab": {}}}', "has no vocabulary"),
        ('{"model": {"vocab": {"a": "b"}}}', "has no vocabulary"),
        ('{"model": {"vocab": {"a": 1}}}', "neither BPE nor WordLevel"),
        (
            '{"model": {"type": "BPE", "vocab": {"a": 1}, "merges": ["a b"]}}',
            "is not a tokenizer: ",
        ),
        ('{"model": {"type": "BPE", "vocab": {"a": 600}}}', "token 600, the model 600 tokens"),
    ],
)
def test_a_damaged_tokenizer_is_refused(folder: Path, text: str, sentence: str) -> None:
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(UnavailableError, match=sentence):
        load_tokenizer(folder)
