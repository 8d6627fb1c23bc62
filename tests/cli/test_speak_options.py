"""What `speak` can be told beyond the golden cases."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TINY, InProcess
from vvcli.audio.pcm import S16LE
from vvcli.samples import count_clipped

pytestmark = pytest.mark.usefixtures("one_step")

EXACT = ("--deterministic", "-f", "f32le", "--gap", "0", "--seed", "42")
LINES = b"Hello there.\nYes.\nTea at five.\n"


FORMS = [
    (["-0"], b"Hello there.\0Yes.\0Tea at five."),
    (["--paragraphs"], b"Hello\nthere.\n\n\nYes.\n\nTea at\nfive.\n"),
    (["--jsonl"], b'{"text": "Hello there."}\n{"text": "Yes."}\n{"text": "Tea at five."}\n'),
    (["--delimiter", "|"], b"a|Hello there.\nb|Yes.\nc|Tea at five.\n"),
    (["--follow"], b"Hello there.\nYes.\nTea at five.\n"),
]


@pytest.mark.slow
@pytest.mark.numeric
def test_every_form_of_the_same_records_sounds_the_same(speak: InProcess) -> None:
    expected = speak(*EXACT, stdin=LINES)
    for option, stdin in FORMS:
        found = speak(*EXACT, *option, stdin=stdin)
        assert (found.status, found.stderr) == (0, ""), option
        assert found.stdout == expected.stdout, option


@pytest.mark.slow
@pytest.mark.numeric
def test_a_json_record_may_bring_its_own_voice_seed_and_guidance(speak: InProcess) -> None:
    lines = [
        {"text": "Yes.", "voice": "Ben", "seed": 7},
        {"text": "Yes.", "cfg_scale": 3.0, "silence_after": 0},
        {"text": "Yes."},
    ]
    stdin = "\n".join(map(json.dumps, lines)).encode()
    together = speak(*EXACT, "--gap", "0.1", "--jsonl", stdin=stdin).stdout
    first = speak(*EXACT, "--seed", "7", stdin=b"Yes.", voice="Ben").stdout
    second = speak(*EXACT, "--cfg-scale", "3", stdin=b"\nYes.").stdout
    third = speak(*EXACT, stdin=b"\n\nYes.").stdout
    assert together == first + bytes(4 * 2400) + second + third


def test_a_manifest_that_can_be_read_to_its_end_is_right_or_nothing_is_spoken(
    vvcli: InProcess, tmp_path: Path
) -> None:
    manifest = tmp_path / "script.jsonl"
    manifest.write_text('{"text": "Yes."}\n{"text": "No.", "vioce": "Ada"}\n', encoding="utf-8")
    found = vvcli("speak", "-m", "/nowhere", "--jsonl", "-i", manifest)
    assert (found.status, found.stdout) == (2, b"")
    assert "script.jsonl:2" in found.error
    assert "vioce" in found.error


def test_on_a_live_stdin_a_bad_line_fails_alone(speak: InProcess) -> None:
    found = speak("--jsonl", stdin=b'{"text": "Yes."}\n{"txet": "No."}\n{"text": "Tea."}\n')
    assert found.status == 3
    assert "stdin:2" in found.error
    assert found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-0", "--jsonl"], "--null and --jsonl cannot be used together"),
        (["--delimiter", ""], "'--delimiter': it is empty"),
        (["--paragraphs", "A text."], "TEXT is spoken as it is"),
        (["-o", "speech", "A text."], "give -f with one of s16le"),
        (["-o", "speech/", "A text."], "speech/ is the name of a folder"),
        (["-o", "speech.xyz", "A text."], "does not say in which format"),
        (["-f", "opus", "-r", "44100", "A text."], "opus cannot hold 44100 Hz"),
        (["--cues", "cues.txt", "A text."], ".jsonl, .srt, .vtt"),
        (["--summary", "-", "A text."], "both want standard output"),
    ],
)
def test_what_cannot_be_is_said_before_the_model_loads(
    vvcli: InProcess, arguments: list[str], message: str
) -> None:
    found = vvcli("speak", "-q", "-m", "/nowhere", *arguments)
    assert found.status == 2
    assert message in found.error


def test_cues_are_where_the_audio_is(speak: InProcess, tmp_path: Path) -> None:
    cues = tmp_path / "cues.jsonl"
    whole = speak("-f", "f32le", "--cues", cues, stdin=b"Hello there.\n\nYes.\n\xff\nTea.\n")
    assert whole.status == 3
    samples = np.frombuffer(whole.stdout, "<f4")
    marks = [json.loads(line) for line in cues.read_text(encoding="utf-8").splitlines()]
    assert [mark["index"] for mark in marks] == [0, 2, 4]
    silent = np.ones(len(samples), dtype=bool)
    for mark in marks:
        silent[mark["start_sample"] : mark["end_sample"]] = False
    assert not samples[silent].any()
    assert silent.sum() == 2 * round(0.2 * 24_000)
    assert marks[-1]["end_sample"] == len(samples)


@pytest.mark.slow
@pytest.mark.numeric
def test_what_stands_for_a_record_that_failed(speak: InProcess) -> None:
    lines = b"Hello there.\n\xff\nTea at five.\n"
    first = speak(*EXACT, stdin=b"Hello there.").stdout
    last = speak(*EXACT, stdin=b"\n\nTea at five.").stdout
    expected = {
        "skip": first + last,
        "silence": first + bytes(4 * 12_000) + last,
        "stop": first,
    }
    for policy, audio in expected.items():
        found = speak(*EXACT, "--on-error", policy, stdin=lines)
        assert (found.status, found.stdout) == (3, audio), policy


@pytest.mark.slow
def test_another_rate_has_the_right_length_and_the_suffix_says_the_format(
    speak: InProcess, tmp_path: Path
) -> None:
    plain = speak("-f", "s16le", "Hello there.").stdout
    assert speak("-o", tmp_path / "a.wav", "-r", "48000", "Hello there.").status == 0
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (48_000, 1)
        assert file.getnframes() == len(plain)  # twice the samples, two bytes each
    assert speak("-o", tmp_path / "a.flac", "Hello there.").status == 0
    assert (tmp_path / "a.flac").read_bytes()[:4] == b"fLaC"


def test_the_summary_is_json(speak: InProcess, tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    found = speak("--summary", summary, stdin=b"Hello there.\n\xff\n")
    facts = json.loads(summary.read_text(encoding="utf-8"))
    assert (facts["records"], facts["failed"], facts["voice"]) == (2, 1, "tiny-Ada_woman")
    assert facts["samples"] == len(found.stdout) // 2
    assert facts["audio"] == pytest.approx(facts["samples"] / 24_000, abs=1e-6)


@pytest.mark.slow
@pytest.mark.numeric
@pytest.mark.usefixtures("loud")
@pytest.mark.parametrize("arguments", [(), ("-f", "flac"), ("-f", "wav"), ("-r", "16000")])
def test_what_is_beyond_full_scale_is_cut_off_and_counted_once(
    speak: InProcess, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    if "flac" in arguments:
        pytest.importorskip("soundfile", reason="needs soundfile")
    if "-r" in arguments:
        pytest.importorskip("soxr", reason="needs soxr")
    rate = arguments[2 * (arguments[:1] == ("-f",)) :]
    exact = speak("--deterministic", "-f", "f32le", *rate, stdin=LINES).stdout
    samples = np.frombuffer(exact, "<f4")
    summary = ("--summary", tmp_path / "summary.json")
    found = speak("--deterministic", *arguments, *summary, stdin=LINES)
    assert found.status == 0
    facts = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert facts["clipped"] == count_clipped(samples) > 0
    if not arguments:
        assert found.stdout == S16LE.encode(samples)


@pytest.mark.slow
def test_a_long_record_is_cut_short_only_if_it_may_not_be_split(speak: InProcess) -> None:
    long = b"A word and another word. " * 400
    whole = speak(stdin=long)
    assert whole.status == 0
    # 512 positions cannot hold 2,400 tokens, unless speech happens to end before its text.
    assert len(whole.stdout) > len(speak("--split", "none", stdin=long).stdout)


def test_progress_as_json(vvcli: InProcess) -> None:
    found = vvcli("speak", "-m", TINY, "--progress", "json", "Hello there.")
    events = [json.loads(line)["event"] for line in found.stderr.splitlines()]
    assert (events[0], events[-1]) == ("note", "summary")
    assert "record" in events
