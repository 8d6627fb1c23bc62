"""How text is read, on the command line: dialogue, Markdown, lexicon, commands, what is shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli import scripts
from tests.conftest import TINY, InProcess, Result

NAMES = ["Ada", "Ben", "Cleo", "Dan"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The tiny model with four voices, two of them the others under other names."""
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    voices = folder / "voices"
    shutil.copy(voices / "tiny-Ada_woman.pt", voices / "tiny-Cleo_woman.pt")
    shutil.copy(voices / "tiny-Ben_man.pt", voices / "tiny-Dan_man.pt")
    return folder


def script(speakers: int) -> str:
    return "".join(f"Speaker {i % speakers + 1}: Line {i} is here.\n" for i in range(30))


class DryRun:
    """`speak --dry-run`: what it lists, and how it ended."""

    def __init__(self, vvcli: InProcess, capsys: pytest.CaptureFixture[str]) -> None:
        self._vvcli = vvcli
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "") -> tuple[list[dict[str, Any]], Result]:
        done = self._vvcli("speak", "--dry-run", *arguments, stdin=stdin.encode())
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()], done


@pytest.fixture
def dry_run(vvcli: InProcess, capsys: pytest.CaptureFixture[str]) -> DryRun:
    return DryRun(vvcli, capsys)


@pytest.mark.slow
def test_four_speakers_have_four_voices_and_no_label_is_spoken(
    vvcli: InProcess, model: Path, tmp_path: Path
) -> None:
    cues = tmp_path / "cues.jsonl"
    done = vvcli(
        *("speak", "-m", str(model), "--dialogue", "--progress", "json", "--cues", str(cues)),
        stdin=script(4).encode(),
    )
    assert done.status == 0, done.stderr
    assert (
        "cast: Speaker 1=tiny-Ada_woman, Speaker 2=tiny-Ben_man, "
        "Speaker 3=tiny-Cleo_woman, Speaker 4=tiny-Dan_man" in done.stderr
    )
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    spoken = [event["spoken"] for event in events if event["event"] == "record"]
    assert spoken == [f"Line {i} is here." for i in range(30)]
    assert len(cues.read_text().splitlines()) == 30


@pytest.mark.parametrize("name", scripts.NAMES)
def test_a_script_of_four_speakers_has_four_voices(dry_run: DryRun, model: Path, name: str) -> None:
    voices = [f"tiny-{speaker}" for speaker in ("Ada_woman", "Ben_man", "Cleo_woman", "Dan_man")]
    found, done = dry_run("-m", str(model), "--dialogue", stdin=scripts.script(name))
    assert [(r["voice"], r["text"]) for r in found] == [
        (voices[speaker], text) for speaker, text in scripts.turns(name)
    ]
    assert not [r for r in found if "speaker" in r["spoken"].lower()]
    assert done.stderr.count("cast: ") == 1


@pytest.mark.parametrize("name", scripts.NAMES)
def test_a_script_of_four_speakers_repeats_two_voices(dry_run: DryRun, name: str) -> None:
    found, done = dry_run("-m", str(TINY), "--dialogue", stdin=scripts.script(name))
    voices = ["tiny-Ada_woman", "tiny-Ben_man"]
    assert [r["voice"] for r in found] == [voices[n % 2] for n, _ in scripts.turns(name)]
    assert "Speaker 3=tiny-Ada_woman, Speaker 4=tiny-Ben_man" in done.stderr


def test_two_voices_repeat_for_four_speakers(dry_run: DryRun) -> None:
    found, done = dry_run("-m", str(TINY), "--dialogue", stdin=script(4))
    voices = [record["voice"] for record in found]
    assert voices[:5] == [f"tiny-{v}" for v in ("Ada_woman", "Ben_man") * 2] + ["tiny-Ada_woman"]
    assert "Speaker 3=tiny-Ada_woman, Speaker 4=tiny-Ben_man" in done.stderr


def test_a_voice_of_the_cast_that_is_not_there_ends_the_command(
    dry_run: DryRun, vvcli: InProcess, tmp_path: Path
) -> None:
    cast = ("-m", str(TINY), "--dialogue", "--cast", "Ann=Ben,Bob=nobody")
    found, done = dry_run(*cast, stdin="Ann: hi\n")
    assert (found, done.status) == ([], 4)
    assert "there is no voice 'nobody'" in done.stderr
    (tmp_path / "a.txt").write_text("Ann: hi\n")
    result = vvcli("batch", tmp_path / "a.txt", "-d", tmp_path / "out", *cast)
    assert (result.status, "there is no voice 'nobody'" in result.error) == (4, True)


def test_a_cast_is_followed(dry_run: DryRun) -> None:
    text = "Ann: One.\nNote: two.\nAnn: Three.\n"
    found, _ = dry_run("-m", str(TINY), "--dialogue", "--cast", "Ann=Ben", stdin=text)
    assert [(r["text"], r.get("voice")) for r in found] == [
        ("One.", "Ben"),
        ("Note: two.", "Ben"),
        ("Three.", "Ben"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cast", "a=b"], "add --dialogue"),
        (["--dialogue", "--jsonl"], "--dialogue and --jsonl"),
        (["--dialogue", "--cast", "nowhere"], "cannot read the cast"),
        (["--lexicon", "nowhere"], "cannot read the lexicon"),
        (["--markdown", "--jsonl"], "cannot be used together"),
    ],
)
def test_what_does_not_go_together_is_refused(
    vvcli: InProcess, arguments: list[str], said: str
) -> None:
    done = vvcli("speak", "-m", str(TINY), *arguments, stdin=b"a: b\n")
    assert done.status == 2
    assert said in done.error


def test_markdown_is_read_without_its_marks(dry_run: DryRun) -> None:
    text = "# One *two*\n\n- [three](x)\n\n***\n\nfour\nfive\n"
    found, _ = dry_run("-m", str(TINY), "--markdown", stdin=text)
    assert [(r["source"], r["text"]) for r in found] == [
        ("stdin:1", "One two"),
        ("stdin:3", "three"),
        ("stdin:7", "four five"),
    ]


@pytest.mark.slow
def test_a_pause_is_exact_in_the_audio_and_in_the_cues(vvcli: InProcess, tmp_path: Path) -> None:
    cues = tmp_path / "cues.jsonl"
    arguments = ("speak", "-m", str(TINY), "-f", "f32le", "--gap", "0", "--cues", str(cues))

    def cue() -> dict[str, int]:
        return json.loads(cues.read_text().splitlines()[0])

    plain = vvcli(*arguments, "Hello there.")
    length = cue()["end_sample"]
    assert len(plain.stdout) == 4 * length
    paused = vvcli(*arguments, "[[pause 500ms]]Hello there.[[pause 1s]]")
    assert cue()["end_sample"] == length + 36_000
    samples = np.frombuffer(paused.stdout, dtype="<f4")
    assert not samples[:12_000].any()
    assert not samples[-24_000:].any()
    np.testing.assert_allclose(
        samples[12_000:-24_000], np.frombuffer(plain.stdout, dtype="<f4"), atol=1e-5
    )


def test_a_pause_is_as_long_at_another_rate(vvcli: InProcess) -> None:
    done = vvcli("speak", "-m", str(TINY), "-r", "48000", "[[pause 500ms]]")
    assert (done.status, len(done.stdout)) == (0, 2 * 24_000)


def test_a_dry_run_shows_what_is_spoken_and_fails_where_the_run_would(dry_run: DryRun) -> None:
    text = "5 kg [[pause 1s]]\n* * *\nПривет\n"
    [line], done = dry_run(stdin=text)
    assert done.status == 3
    assert line["spoken"] == "five kilograms [[pause 1s]]"
    assert "stdin:3: this voice speaks English and cannot say: Привет" in done.stderr
    assert "1 record would be spoken, 1 not" in done.stderr


@pytest.mark.slow
def test_the_summary_counts_respelled_words(vvcli: InProcess, tmp_path: Path) -> None:
    lexicon, summary = tmp_path / "lexicon.tsv", tmp_path / "summary.json"
    lexicon.write_text("nginx\tengine x\n")
    done = vvcli(
        *("speak", "-m", str(TINY), "--lexicon", str(lexicon), "--summary", str(summary)),
        "nginx and NGINX",
    )
    assert done.status == 0, done.stderr
    figures = json.loads(summary.read_text())
    assert figures["respelled"] == 2
    assert figures["spoken_characters"] == len("engine x and engine x")


def test_commands_can_be_spoken(dry_run: DryRun) -> None:
    [line], _ = dry_run("-m", str(TINY), "--no-commands", stdin="a [[pause 9s]]\n")
    assert line["spoken"] == "a [[pause 9s]]"


def test_a_language_is_chosen(dry_run: DryRun) -> None:
    [line], _ = dry_run("--language", "en-GB", "105")
    assert line["spoken"] == "one hundred and five"
