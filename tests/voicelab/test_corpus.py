"""The order in which training lays out a sequence is the order in which generation feeds it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.voicelab.utterances import made_up
from vvcli.voicelab.corpus import SILENT_FRAMES, Corpus, frame_positions, text_positions, tokens_of
from vvcli.voicelab.settings import LanguageTraining, Settings


def generated_order(texts: int, frames: int, text_window: int, speech_window: int) -> list[str]:
    """Follow the law of generation: a text window if any is left, then a speech window."""
    order = ["prompt"]
    fed = made = 0
    while made < frames:
        for _ in range(min(text_window, texts - fed)):
            order.append(f"text {fed}")
            fed += 1
        for _ in range(min(speech_window, frames - made)):
            order.append(f"frame {made}")
            made += 1
    return order


@pytest.mark.parametrize(("texts", "frames"), [(1, 1), (5, 9), (16, 6), (17, 30), (40, 41), (0, 8)])
@pytest.mark.parametrize(("text_window", "speech_window"), [(16, 6), (5, 6), (3, 1)])
def test_positions_follow_generation(
    texts: int, frames: int, text_window: int, speech_window: int
) -> None:
    order = generated_order(texts, frames, text_window, speech_window)
    fed = sum(entry.startswith("text") for entry in order)
    where = text_positions(torch.arange(fed), text_window, speech_window).tolist()
    assert [order[p] for p in where] == [f"text {i}" for i in range(fed)]
    count = torch.tensor(texts)
    where = frame_positions(torch.arange(frames), count, text_window, speech_window).tolist()
    if fed == texts:
        assert [order[p] for p in where] == [f"frame {j}" for j in range(frames)]


def corpus_of(texts: list[str], frames: list[int], share: float) -> Corpus:
    settings = replace(
        Settings(),
        language=LanguageTraining(
            buckets=(64,), tokens_per_batch=2048, without_text=share, held_out=0
        ),
    )
    return Corpus(settings, made_up(texts, frames), torch.device("cpu"))


def test_a_batch_holds_the_utterances_it_was_asked_for() -> None:
    corpus = corpus_of(["hello", "good morning to you"], [7, 20], 0.0)
    (bucket,) = corpus.buckets
    batch = corpus.draw(bucket)
    assert batch.tokens.shape == (32, 1 + 20)
    for row in range(32):
        first = batch.frame_counts[row] == 7
        expected = tokens_of("hello" if first else "good morning to you")
        assert batch.tokens[row, 1 : 1 + len(expected)].tolist() == expected
        assert int(batch.valid[row].sum()) == (7 if first else 20)
        positions = torch.cat([batch.text_positions[row], batch.frame_positions[row]])
        real = positions[positions < bucket.length].tolist()
        heard = (7 if first else 20) + SILENT_FRAMES
        assert sorted(real) == list(range(1, 1 + len(expected) + heard))
        # The letters' sounds are their codes here, nothing for a space or the line end.
        sounds = [ord(c) if c != " " else 0 for c in ("hello" if first else "good morning to you")]
        assert batch.spelling[row, : len(expected), 0].tolist() == [*sounds, 0]
        assert (batch.spelling[row, len(expected) :] == -1).all()


def test_rows_without_text_are_prompt_and_frames_only() -> None:
    corpus = corpus_of(["hello"], [7], 1.0)
    (bucket,) = corpus.buckets
    batch = corpus.draw(bucket)
    assert set(batch.tokens[:, 0].tolist()) == {Settings().neutral_token}
    assert (batch.text_positions == bucket.length).all()
    assert batch.frame_positions[0].tolist() == list(range(1, 8 + SILENT_FRAMES))


def test_an_utterance_that_ends_before_its_text_is_left_out() -> None:
    window, frames = Settings().shapes.text_window, Settings().shapes.speech_window
    text = "a" * window  # and a line end, which needs another window
    settings = replace(Settings(), language=LanguageTraining(buckets=(512,), held_out=0))
    with pytest.raises(ValueError, match="no utterance"):
        Corpus(settings, made_up([text], [frames]), torch.device("cpu"))
    corpus = Corpus(settings, made_up([text], [frames + 1]), torch.device("cpu"))
    assert len(corpus.buckets) == 1


def test_utterances_held_out_are_in_no_bucket() -> None:
    settings = replace(Settings(), language=LanguageTraining(buckets=(64,), held_out=3))
    corpus = Corpus(settings, made_up(["hello."] * 8, [7] * 8), torch.device("cpu"))
    assert corpus.unseen is not None
    assert corpus.unseen.ids.tolist() == [0, 1, 2]
    assert corpus.buckets[0].ids.tolist() == [3, 4, 5, 6, 7]
