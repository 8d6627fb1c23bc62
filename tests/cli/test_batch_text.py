"""How a batch reads text: Markdown files, dialogue, lexicons, what is blank, what is hashed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TINY, InProcess

pytestmark = pytest.mark.usefixtures("one_step")


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def lexicon(tmp_path: Path, said: str) -> str:
    path = tmp_path / "lexicon.tsv"
    path.write_text(f"nginx\t{said}\n")
    return str(path)


def test_a_folder_has_its_markdown_read_as_markdown(vvcli: InProcess, tmp_path: Path) -> None:
    book, out = tmp_path / "book", tmp_path / "out"
    book.mkdir()
    (book / "1.md").write_text("# One\n\n***\n\n- *two*\n")
    (book / "2.txt").write_text("# three\n")
    done = vvcli("batch", "-m", str(TINY), str(book), "-d", str(out))
    assert done.status == 0, done.stderr
    assert [(e["text"], e["status"]) for e in entries(out) if e["audio_filepath"]] == [
        ("One", "ok"),
        ("two", "ok"),
        ("# three", "ok"),
    ]


@pytest.mark.slow
def test_what_only_decorates_makes_no_file(vvcli: InProcess, tmp_path: Path) -> None:
    script, out = tmp_path / "a.txt", tmp_path / "out"
    script.write_text("Yes.\n* * *\n<br/>\n")
    done = vvcli("batch", str(script), "-d", str(out))
    assert done.status == 0, done.stderr
    assert [(e["status"], e["error"]) for e in sorted(entries(out), key=lambda e: e["index"])] == [
        ("ok", None),
        ("skipped", "there is nothing to say"),
        ("skipped", "there is nothing to say"),
    ]
    assert [path.name for path in (out / "a").iterdir()] == ["00001.wav"]
    assert vvcli("batch", str(script), "-d", str(out)).stderr.count("loading the model") == 0


@pytest.mark.slow
def test_a_dialogue_has_the_voices_of_its_names_in_every_file(
    vvcli: InProcess, tmp_path: Path
) -> None:
    for name in ("1", "2"):
        (tmp_path / f"{name}.txt").write_text("Ann: One.\nBob: Two.\nAnn: Three.\nBob: Four.\n")
    out = tmp_path / "out"
    inputs = [str(tmp_path / "1.txt"), str(tmp_path / "2.txt")]
    done = vvcli("batch", "-m", str(TINY), "--dialogue", *inputs, "-d", str(out), "--dry-run")
    assert done.status == 0, done.stderr
    assert done.stderr.count("cast: Ann=tiny-Ada_woman, Bob=tiny-Ben_man") == 1
    assert vvcli("batch", "-m", str(TINY), "--dialogue", *inputs, "-d", str(out)).status == 0
    found = sorted(entries(out), key=lambda e: int(e["index"]))
    assert [e["voice"] for e in found] == ["tiny-Ada_woman", "tiny-Ben_man"] * 4
    assert found[0]["text"] == "One."


@pytest.mark.slow
def test_a_respelled_file_is_remade_and_the_others_are_kept(
    vvcli: InProcess, tmp_path: Path
) -> None:
    script, out = tmp_path / "a.txt", tmp_path / "out"
    script.write_text("nginx runs.\nHello.\n")
    arguments = ("batch", "-m", str(TINY), str(script), "-d", str(out))
    assert vvcli(*arguments).status == 0
    before = {e["text"]: e for e in entries(out)}
    assert "spoken" not in before["Hello."]
    reading = ("--lexicon", lexicon(tmp_path, "engine x"), "--existing", "overwrite")
    assert vvcli(*arguments, *reading).status == 0
    after = entries(out)[2:]
    assert [(e["text"], e["spoken"]) for e in after] == [("nginx runs.", "engine x runs.")]
    assert after[0]["fingerprint"] != before["nginx runs."]["fingerprint"]
    # The file of the lexicon is not in the hash, only what is spoken.
    more = tmp_path / "more.tsv"
    more.write_text("nginx\tengine x\nother\tword\n")
    assert vvcli(*arguments, "--lexicon", str(more)).status == 0
    assert len(entries(out)) == 3


def test_a_pause_is_part_of_a_joined_file(vvcli: InProcess, tmp_path: Path) -> None:
    lengths = []
    for name, text in {
        "plain": "Hello.\nGo on.\n",
        "paused": "Hello.[[pause 500ms]]\nGo on.\n",
    }.items():
        script, out = tmp_path / f"{name}.txt", tmp_path / name
        script.write_text(text)
        done = vvcli("batch", "-m", str(TINY), "--join", str(script), "-d", str(out))
        assert done.status == 0, done.stderr
        lengths.append(entries(out)[0]["samples"])
    assert lengths[1] - lengths[0] == 12_000


@pytest.mark.parametrize("text", ["Привет", "[[voice nobody]] hi"])
def test_a_dry_run_fails_where_the_run_would(vvcli: InProcess, tmp_path: Path, text: str) -> None:
    script = tmp_path / "a.txt"
    script.write_text(f"Hello.\n{text}\n")
    done = vvcli("batch", str(script), "-d", str(tmp_path / "out"), "--dry-run")
    assert done.status == 3
    assert "a.txt:2: " in done.stderr


@pytest.mark.slow
def test_a_dry_run_sees_what_a_lexicon_makes_of_plain_words(
    vvcli: InProcess, tmp_path: Path
) -> None:
    script, out = tmp_path / "a.txt", tmp_path / "out"
    script.write_text("nginx runs.\nHello.\n")
    arguments = ("batch", str(script), "-d", str(out), "--lexicon", lexicon(tmp_path, "движок"))
    dry, ran = vvcli(*arguments, "--dry-run"), vvcli(*arguments, "-q")
    assert (dry.status, ran.status) == (3, 3)
    assert "a.txt:1: " in dry.error
    assert dry.error == ran.error
