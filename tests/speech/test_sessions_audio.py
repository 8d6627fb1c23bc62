"""What sessions say is what `speak` says, bit for bit, on the tiny model."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.conftest import TINY
from vvcli import Record, SpeechSession, Status, Synthesizer
from vvcli.errors import UnavailableError
from vvcli.samples import Samples

SCRIPT = [
    "Hello there.",
    "Yes.",
    "The quick brown fox jumps over the lazy dog.",
    "Wait [[pause 500ms]] here, [[voice Ben]] then go.",
    "No.",
]


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    return Synthesizer(TINY, "Ada", streams=3, steps=2, seed=42, deterministic=True)


@pytest.fixture(scope="module")
def spoken(synthesizer: Synthesizer) -> list[Samples]:
    return [utterance.samples for utterance in synthesizer.speak(SCRIPT)]


def audio(session: SpeechSession) -> dict[int, Samples]:
    """The audio of each record, by its index."""
    session.end()
    parts: defaultdict[int, list[Samples]] = defaultdict(list)
    for chunk in session:
        parts[chunk.record.index].append(chunk.samples)
        assert chunk.status in (None, Status.OK)
    return {index: np.concatenate(pieces) for index, pieces in parts.items()}


@pytest.mark.slow
def test_each_session_says_what_speak_says(synthesizer: Synthesizer, spoken: list[Samples]) -> None:
    """Also those that are slow, begin late, or lie beside one that is cancelled again and again."""
    leaver = synthesizer.open_session(seed=1)
    whole, slow = synthesizer.open_session(), synthesizer.open_session(max_ahead=0.02)
    late = synthesizer.open_session(first_index=2)
    for text in SCRIPT:
        whole.submit(text)
        slow.submit(text)
        leaver.submit(text)
        leaver.cancel()
    for session, first in ((whole, 0), (slow, 0), (late, 2)):
        if session is late:
            for text in SCRIPT[2:]:
                late.submit(text)
        found = audio(session)
        assert [*found] == [*range(first, len(SCRIPT))]
        for index, samples in found.items():
            assert np.array_equal(samples, spoken[index])
        leaver.submit(SCRIPT[2])
        leaver.cancel()
    for session in (leaver, whole, slow, late):
        session.close()


@pytest.mark.slow
def test_a_session_has_its_own_settings(synthesizer: Synthesizer) -> None:
    records = [
        Record(0, "Yes.", voice="Ben"),
        Record(0, "Yes.", cfg_scale=3.0),
        Record(0, "Yes.", seed=7),
        Record(0, "Yes. [[pause 2s]] No.", speed=1.7),
    ]
    expected = [next(iter(synthesizer.speak([record]))).samples for record in records]
    options: list[dict[str, object]] = [
        {"voice": "Ben"},
        {"cfg_scale": 3.0},
        {"seed": 7},
        {"speed": 1.7},
    ]
    for settings, record, samples in zip(options, records, expected, strict=True):
        with synthesizer.open_session(**settings) as session:  # type: ignore[arg-type]
            session.submit(record.text)
            assert np.array_equal(audio(session)[0], samples)
    with synthesizer.open_session(commands=False, voice_files=False) as session:
        session.submit("[[voice nobody]]")
        assert len(audio(session)[0])


def test_text_of_strangers_names_no_file(synthesizer: Synthesizer) -> None:
    (ben,) = (path for path in (TINY / "voices").iterdir() if "Ben" in path.name)
    with synthesizer.open_session() as session:
        session.submit(f"[[voice {ben}]] Yes.")
        assert len(audio(session)[0])
    with synthesizer.open_session(voice_files=False) as session:
        for text in (f"[[voice {ben}]] Yes.", "[[voice /etc/passwd]] Yes.", "[[voice eve]] Yes."):
            session.submit(text)
        session.submit(Record(3, "Yes.", voice=str(ben)))
        session.end()
        found = [(chunk.status, chunk.error) for chunk in session]
    assert found == [
        (Status.FAILED, f"record {n}: there is no voice {name!r}")
        for n, name in enumerate((str(ben), "/etc/passwd", "eve", str(ben)))
    ]
    with pytest.raises(UnavailableError, match="there is no voice"):
        synthesizer.open_session(voice=str(ben), voice_files=False)


def test_speak_and_sessions_exclude_each_other(synthesizer: Synthesizer) -> None:
    with (
        synthesizer.open_session(),
        pytest.raises(RuntimeError, match="is speaking already"),
    ):
        next(synthesizer.stream(["Yes."]))
    chunks = synthesizer.stream(["Yes."])
    next(chunks)
    with pytest.raises(RuntimeError, match="is speaking already"):
        synthesizer.open_session()
    chunks.close()
    assert len(list(synthesizer.speak(["Yes."]))) == 1


@pytest.mark.parametrize(
    "settings",
    [{"seed": -1}, {"cfg_scale": 1e9}, {"max_ahead": -1}, {"voice": ""}, {"split": 3}],
)
def test_numbers_out_of_range_are_refused(
    synthesizer: Synthesizer, settings: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"is (not|empty)"):
        synthesizer.open_session(**settings)  # type: ignore[arg-type]
    assert len(list(synthesizer.speak(["Yes."]))) == 1
