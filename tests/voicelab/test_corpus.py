"""The order in which training lays out a sequence is the order in which generation feeds it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vvcli.voicelab.corpus import Corpus, frame_positions, text_positions, tokens_of
from vvcli.voicelab.latents import Latents
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
        language=LanguageTraining(buckets=(64,), tokens_per_batch=2048, without_text=share),
    )
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((sum(frames), 64)).astype(np.float16)
    voices = np.arange(len(texts)) % 2
    return Corpus(settings, Latents(latents, np.array(frames), voices, texts), torch.device("cpu"))


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
        assert sorted(real) == list(range(1, 1 + len(expected) + (7 if first else 20)))


def test_rows_without_text_are_prompt_and_frames_only() -> None:
    corpus = corpus_of(["hello"], [7], 1.0)
    (bucket,) = corpus.buckets
    batch = corpus.draw(bucket)
    assert set(batch.tokens[:, 0].tolist()) == {Settings().neutral_token}
    assert (batch.text_positions == bucket.length).all()
    assert batch.frame_positions[0].tolist() == list(range(1, 8))


def test_an_utterance_that_ends_before_its_text_is_left_out() -> None:
    assert corpus_of(["a" * 33], [12], 0.0).buckets == []
    assert len(corpus_of(["a" * 33], [13], 0.0).buckets) == 1
