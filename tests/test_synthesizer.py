"""The public API, on the tiny model in float64: equal samples differ in their last bit at most."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterator

import numpy as np
import pytest

import vvcli
from tests.conftest import TINY
from tests.rounding import same_audio
from vvcli import Chunk, Record, Status, Synthesizer, Utterance
from vvcli.audio.pcm import S16LE
from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.fleet import fleet, worker
from vvcli.speech.look_ahead import look_ahead
from vvcli.speech.run import PendingChunk
from vvcli.speech.split import split_record

STREAMS = 4

pytestmark = pytest.mark.numeric


def make() -> Synthesizer:
    return Synthesizer(TINY, "Ada", dtype="float64", streams=STREAMS, seed=42, steps=1)


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    return make()


Script = list[str | Record]
SCRIPT: Script = ["Hello there.", "", "Yes.", "The quick brown fox jumps over the lazy dog."]


def alone(synthesizer: Synthesizer, line: str | Record) -> Utterance:
    (utterance,) = synthesizer.speak([line])
    return utterance


# --- order and content


def test_the_names_of_the_package() -> None:
    for name in vvcli.__all__:
        assert getattr(vvcli, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Speaker'"):
        vvcli.Speaker  # noqa: B018


@pytest.mark.slow
def test_speak_gives_whole_records_in_order(synthesizer: Synthesizer) -> None:
    found = list(synthesizer.speak(SCRIPT))
    assert [utterance.record for utterance in found] == [
        Record(index, str(line)) for index, line in enumerate(SCRIPT)
    ]
    assert [utterance.status for utterance in found] == [
        *(Status.OK, Status.BLANK, Status.OK, Status.OK)
    ]
    for utterance in found:
        assert utterance.error is None
        assert utterance.samples.dtype == np.float32
        assert bool(len(utterance.samples)) == (utterance.status is Status.OK)
        by_itself = alone(synthesizer, utterance.record)
        assert same_audio(by_itself.samples, utterance.samples)


@pytest.mark.slow
def test_samples_of_int16_are_int16_even_where_there_are_none(synthesizer: Synthesizer) -> None:
    rounded = Synthesizer(
        TINY, "Ada", dtype="float64", streams=STREAMS, seed=42, steps=1, sample_type="int16"
    )
    for exact, found in zip(synthesizer.speak(SCRIPT), rounded.speak(SCRIPT), strict=True):
        assert found.samples.dtype == np.int16
        expected = np.frombuffer(S16LE.encode(exact.samples), np.int16)
        # Where a sample is all but halfway, its last bit in float64 decides.
        assert np.abs(found.samples.astype(int) - expected).max(initial=0) <= 1


@pytest.mark.slow
def test_stream_gives_the_same_in_pieces(synthesizer: Synthesizer) -> None:
    chunks = list(synthesizer.stream(SCRIPT))
    # Every record's chunks are together, and only the last of them has a status.
    groups = [list(group) for _, group in itertools.groupby(chunks, lambda c: c.record.index)]
    assert len(groups) == len(SCRIPT)
    for group, utterance in zip(groups, synthesizer.speak(SCRIPT), strict=True):
        assert [chunk.status for chunk in group] == [None] * (len(group) - 1) + [utterance.status]
        assert same_audio(np.concatenate([chunk.samples for chunk in group]), utterance.samples)
    assert len(groups[0]) > 2


def test_nothing_at_all(synthesizer: Synthesizer) -> None:
    assert list(synthesizer.speak([])) == []
    assert list(synthesizer.stream([])) == []


@pytest.mark.slow
def test_what_a_record_asks_for_is_its_own(synthesizer: Synthesizer) -> None:
    text = "Hello there."
    records: list[str | Record] = [
        Record(0, text),
        Record(1, text, voice="Ben"),
        Record(2, text, seed=7),
        Record(3, text, cfg_scale=3.0),
        Record(4, text, voice="ben", seed=7, cfg_scale=0.0),
        Record(5, text, seed=0, cfg_scale=1.0),
    ]
    together = list(synthesizer.speak(records))
    for utterance in together:
        assert utterance.status is Status.OK
        assert same_audio(alone(synthesizer, utterance.record).samples, utterance.samples)
    for one, other in itertools.combinations(together, 2):
        assert not same_audio(one.samples, other.samples)


@pytest.mark.slow
def test_its_own_seed_does_not_depend_on_the_place(synthesizer: Synthesizer) -> None:
    first, last = (alone(synthesizer, Record(index, "Yes.", seed=5)).samples for index in (0, 1000))
    assert same_audio(first, last)
    third = alone(synthesizer, Record(3, "Yes.")).samples
    assert not same_audio(third, alone(synthesizer, Record(0, "Yes.")).samples)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Record(1, "Hello.", "a.txt:2", voice="Cleopatra"), "a.txt:2: there is no voice 'Cle"),
        (Record(1, "Hello.", voice="/no/voice.pt"), "record 1: there is no voice file /no/v"),
        (Record(1, "", error="a.txt:2: not text"), "a.txt:2: not text"),
        (Record(1, "lone \ud800 surrogate"), "record 1: the text is not valid Unicode"),
    ],
)
def test_a_record_that_fails_stops_no_other(
    synthesizer: Synthesizer, bad: Record, error: str
) -> None:
    found = list(synthesizer.speak([Record(0, "Yes."), bad, Record(2, "Hello there.")]))
    assert [utterance.status for utterance in found] == [Status.OK, Status.FAILED, Status.OK]
    assert found[1].error
    assert found[1].error.startswith(error)
    assert len(found[1].samples) == 0
    for place in (0, 2):
        assert same_audio(alone(synthesizer, found[place].record).samples, found[place].samples)


# --- the ends of a run


@pytest.mark.slow
def test_closing_early_leaves_it_as_new(synthesizer: Synthesizer) -> None:
    fresh = [utterance.samples for utterance in make().speak(SCRIPT)]
    for taken in (0, 1, 5):
        chunks = synthesizer.stream(itertools.repeat("The quick brown fox."))
        for _ in range(taken):
            next(chunks)
        chunks.close()
        again = [utterance.samples for utterance in synthesizer.speak(SCRIPT)]
        assert all(map(same_audio, fresh, again))
        assert len(again) == len(fresh)


@pytest.mark.slow
def test_closing_speak_early_closes_its_stream(synthesizer: Synthesizer) -> None:
    utterances = synthesizer.speak(itertools.repeat("Yes."))
    next(utterances)
    utterances.close()
    assert alone(synthesizer, "Yes.").status is Status.OK


@pytest.mark.slow
def test_an_interrupt_in_the_middle_of_a_step(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = alone(synthesizer, "Yes.").samples
    step = synthesizer.engine.step
    calls = itertools.count()

    def interrupted(*, admit: bool) -> list[object]:
        frames = step(admit=admit)
        if next(calls) == 3:
            raise KeyboardInterrupt
        return list(frames)

    with monkeypatch.context() as patch:
        patch.setattr(synthesizer.engine, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(synthesizer.speak(SCRIPT))
    assert same_audio(alone(synthesizer, "Yes.").samples, before)


@pytest.mark.slow
def test_an_error_of_the_source_comes_after_what_is_before_it(synthesizer: Synthesizer) -> None:
    def lines() -> Iterator[str]:
        yield "Yes."
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(synthesizer.speak(lines()))
    assert alone(synthesizer, "Yes.").status is Status.OK


@pytest.mark.parametrize("line", [None, b"bytes", 7])
def test_a_line_of_the_wrong_type(synthesizer: Synthesizer, line: object) -> None:
    lines: list[object] = ["Yes.", line]
    with pytest.raises(TypeError, match=f"line 1 is of type {type(line).__name__}, not str or Rec"):
        list(synthesizer.speak(lines))  # type: ignore[arg-type]


@pytest.mark.slow
def test_one_run_at_a_time(synthesizer: Synthesizer) -> None:
    first = synthesizer.stream(["Hello there."])
    chunks = [next(first)]
    for second in (synthesizer.stream(["Yes."]), synthesizer.speak(["Yes."])):
        with pytest.raises(RuntimeError, match="is speaking already"):
            next(second)
    chunks += first
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert same_audio(alone(synthesizer, "Hello there.").samples, samples)


@pytest.mark.slow
def test_a_run_that_was_not_begun_is_none(synthesizer: Synthesizer) -> None:
    unused = synthesizer.stream(["Hello there."])
    assert alone(synthesizer, "Yes.").status is Status.OK
    assert len(list(unused)) > 0


# --- endless and slow input


class Counted:
    """Endless lines, and how many were asked for; after `limit` it is no longer endless."""

    def __init__(self, first: Script, rest: str | Record, limit: int) -> None:
        self.pulled = 0
        self._lines = itertools.chain(first, itertools.repeat(rest, limit))

    def __iter__(self) -> Iterator[str | Record]:
        for line in self._lines:
            self.pulled += 1
            yield line


@pytest.mark.slow
def test_an_endless_source_is_read_as_it_is_spoken(synthesizer: Synthesizer) -> None:
    # In the queue, in the feed's hands, waiting for a slot, in a slot.
    ahead = 2 * STREAMS + 1 + STREAMS + STREAMS
    source = Counted([], Record(0, "Hello there.", seed=42), limit=10_000)
    utterances = synthesizer.speak(source)
    for spoken in range(1, 20):
        next(utterances)
        # They are of one length: no more of them are done than there are slots.
        assert source.pulled <= spoken + ahead + STREAMS
    utterances.close()


@pytest.mark.slow
@pytest.mark.parametrize("rest", ["", "\ud800"], ids=["blank", "failed"])
def test_silent_records_do_not_hold_up_the_one_at_the_head(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    monkeypatch.setattr(worker, "RECORDS_AHEAD", 100)
    source = Counted(["Hello there."], rest, limit=100_000)
    chunks = synthesizer.stream(source)
    head: list[Chunk] = []
    while not head or head[-1].status is None:
        head.append(next(chunks))
        assert source.pulled <= 100 + 2 * STREAMS + 2
    assert head[0].record.index == 0
    assert len(head) > 2
    silent = [next(chunks).record.index for _ in range(500)]
    assert silent == list(range(1, 501))
    chunks.close()


@pytest.mark.slow
def test_audio_is_there_before_the_next_line(synthesizer: Synthesizer) -> None:
    heard = threading.Event()

    def lines() -> Iterator[str]:
        yield "Hello there."
        assert heard.wait(60)
        yield "Yes."

    found = []
    for utterance in synthesizer.speak(lines()):
        found.append(utterance)
        heard.set()
    assert [utterance.record.text for utterance in found] == ["Hello there.", "Yes."]


@pytest.mark.slow
def test_running_ahead_as_on_a_gpu_changes_nothing(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(synthesizer.speak(SCRIPT))
    monkeypatch.setattr(synthesizer.fleet, "_runs_ahead", True)
    for one, other in zip(synthesizer.speak(SCRIPT), expected, strict=True):
        assert (one.record, one.status, one.error) == (other.record, other.status, other.error)
        assert same_audio(one.samples, other.samples)


@pytest.mark.slow
def test_running_ahead_is_bounded_by_the_samples_that_nobody_took(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How the bound is kept is in test_look_ahead.py; here, what is counted and how far it goes."""
    given: list[tuple[int, int]] = []

    def watched(
        items: Generator[PendingChunk, None, None],
        size: Callable[[PendingChunk], int],
        limit: int,
        wake: Callable[[], None],
    ) -> Generator[PendingChunk, None, None]:
        for item in look_ahead(items, size, limit, wake):
            given.append((size(item), limit))
            yield item

    monkeypatch.setattr(synthesizer.fleet, "_runs_ahead", True)
    monkeypatch.setattr(synthesizer.fleet, "_max_ahead", 1000)
    monkeypatch.setattr(fleet, "look_ahead", watched)
    chunks = list(synthesizer.stream(["Hello there.", ""]))
    assert given == [(len(chunk.samples) + 1, 1000) for chunk in chunks]


def test_running_ahead_can_be_closed_in_silence(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesizer.fleet, "_runs_ahead", True)

    def lines() -> Iterator[str]:
        yield "Yes."
        silent.wait(60)

    silent = threading.Event()
    chunks = synthesizer.stream(lines())
    while next(chunks).status is None:
        pass
    chunks.close()  # does not wait for the input
    silent.set()


def test_look_ahead_is_bounded_by_the_audio_held_back(
    synthesizer: Synthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slot that is free stays so while enough audio waits for its turn."""
    monkeypatch.setattr(synthesizer.fleet, "_max_ahead", 160)
    head = "Thousands of dolphins and porpoises and whales are killed each year; nobody thinks."
    source = Counted([head], "Yes.", limit=10_000)
    chunks = synthesizer.stream(source)
    while next(chunks).status is None:
        assert source.pulled <= 2 * STREAMS + 1 + STREAMS + STREAMS
    chunks.close()


@pytest.mark.slow
def test_a_record_longer_than_the_context_is_spoken_in_parts_that_join() -> None:
    sentences = [f"This is sentence number {n}, and it has some more words." for n in range(30)]
    synthesizer = Synthesizer(TINY, "Ada", dtype="float64", streams=3, seed=9, steps=1)
    [whole] = synthesizer.speak([" ".join(sentences)])
    assert whole.status is Status.OK
    assert whole.record.text == " ".join(sentences)

    tokenizer = ModelFolder(TINY).tokenizer

    def count(text: str) -> int:
        return len(tokenizer.encode(text))

    most = (512 - 23) * 10 // 34  # the context without the voice, 2.4 frames to a token
    parts = split_record(Record(0, " ".join(sentences)), count, most)
    assert len(parts) > 3
    alone = [
        audio.samples
        for k, part in enumerate(parts)
        for audio in synthesizer.speak([Record(k << 32, part.text)])
    ]
    assert same_audio(whole.samples, np.concatenate(alone))
