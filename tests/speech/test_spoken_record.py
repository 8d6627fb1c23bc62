"""Commands and respellings on their way to the model: pauses exact to a sample, voices as asked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import TINY
from vvcli import Synthesizer
from vvcli.errors import UnavailableError
from vvcli.frontend.lexicon import Entry, Lexicon
from vvcli.frontend.text_reader import TextReader
from vvcli.samples import Samples
from vvcli.script.record import Record
from vvcli.speech.values import Status, Utterance

PART = 1 << 32  # how far the noise of a part is from that of the one before


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    return Synthesizer(TINY, "Ada", dtype="float64", streams=2, seed=3)


def one(
    synthesizer: Synthesizer, text: str, *, part: int = 0, voice: str | None = None
) -> Utterance:
    [utterance] = synthesizer.speak([Record(part * PART, text, voice=voice)])
    return utterance


def silence(samples: int) -> Samples:
    return np.zeros(samples, dtype=np.float32)


@pytest.mark.parametrize(
    "text",
    [
        "Good morning.[[pause 500ms]] Go on.",
        "Good morning. [[pause 0.5s]]Go on.",
        "Good morning.[[pause 200ms]][[pause 300ms]]Go on.",
    ],
)
def test_a_pause_is_silence_exact_to_a_sample(synthesizer: Synthesizer, text: str) -> None:
    parts = [one(synthesizer, "Good morning.").samples, silence(12_000)]
    parts.append(one(synthesizer, "Go on.", part=1).samples)
    np.testing.assert_allclose(one(synthesizer, text).samples, np.concatenate(parts), atol=1e-6)


def test_a_pause_may_be_inside_a_sentence(synthesizer: Synthesizer) -> None:
    parts = [one(synthesizer, "Good").samples, silence(12_000)]
    parts.append(one(synthesizer, "morning.", part=1).samples)
    said = one(synthesizer, "Good [[pause 500ms]] morning.")
    np.testing.assert_allclose(said.samples, np.concatenate(parts), atol=1e-6)


def test_a_pause_may_be_at_either_end_or_all_there_is(synthesizer: Synthesizer) -> None:
    alone = one(synthesizer, "Good morning.").samples
    both = one(synthesizer, "[[pause 1ms]]Good morning.[[pause 15s]]")
    expected = np.concatenate([silence(24), alone, silence(360_000)])
    np.testing.assert_allclose(both.samples, expected, atol=1e-6)
    only = one(synthesizer, "[[pause 2s]]")
    assert (only.status, len(only.samples)) == (Status.OK, 48_000)


@pytest.mark.slow
def test_a_voice_is_of_what_follows_it(synthesizer: Synthesizer) -> None:
    said = one(synthesizer, "Good morning. [[voice Ben]] Go on.")
    parts = [one(synthesizer, "Good morning.").samples]
    parts.append(one(synthesizer, "Go on.", part=1, voice="Ben").samples)
    np.testing.assert_allclose(said.samples, np.concatenate(parts), atol=1e-6)
    assert said.record.spoken == "Good morning. [[voice Ben]] Go on."
    failed = one(synthesizer, "[[voice Nobody]] Hi")
    assert failed.status is Status.FAILED


def test_text_without_commands_is_spoken_as_before(synthesizer: Synthesizer) -> None:
    said = one(synthesizer, "[[nothing]] Go on.")
    assert said.record.spoken == "[[nothing]] Go on."
    assert said.status is Status.OK


def test_a_text_that_the_context_holds_is_read_once(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    speak = TextReader.speak

    def note(reader: TextReader, text: str) -> str:
        read.append(text)
        return speak(reader, text)

    monkeypatch.setattr(TextReader, "speak", note)
    one(synthesizer, "Good morning.[[pause 1ms]]Go on.")
    assert read == ["Good morning.", "Go on."]


@pytest.mark.slow
def test_commands_can_be_left_alone() -> None:
    plain = Synthesizer(TINY, "Ada", streams=1, commands=False)
    assert one(plain, "Hi [[pause 9s]]").record.spoken == "Hi [[pause 9s]]"


@pytest.mark.slow
def test_a_lexicon_respells_for_any_model() -> None:
    lexicon = Lexicon([Entry("nginx", "engine x")])
    said = one(Synthesizer(TINY, "Ada", streams=1, lexicon=lexicon), "Nginx runs.")
    assert said.record.text == "Nginx runs."
    assert (said.record.spoken, said.record.respelled) == ("engine x runs.", 1)


@pytest.mark.slow
def test_the_embedded_voice_says_what_its_front_end_reads() -> None:
    synthesizer = Synthesizer("embedded", streams=1, language="en-GB")
    said = list(synthesizer.speak(["* * *", "105 on 3/4", "Привет"]))
    assert [u.status for u in said] == [Status.BLANK, Status.OK, Status.FAILED]
    assert said[1].record.spoken == "one hundred and five on the third of april"
    assert "cannot say: Привет" in (said[2].error or "")
    with pytest.raises(UnavailableError, match="'xx'"):
        Synthesizer("embedded", streams=1, language="xx")


@pytest.mark.slow
def test_the_language_of_a_voice_is_in_the_config(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"text_normalizer": "english", "voice_languages": {"tiny-Ben_man": "en-GB"}}
    (folder / "config.json").write_text(json.dumps(config))
    said = Synthesizer(folder, "Ada", streams=1).speak(
        [Record(0, "105"), Record(1, "105", voice="Ben")]
    )
    assert [u.record.spoken for u in said] == ["one hundred five", "one hundred and five"]
