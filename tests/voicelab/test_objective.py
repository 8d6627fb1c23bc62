"""The loss of a batch: what it depends on, what it must not see, and that it can be learned."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
import torch

from tests.voicelab.utterances import made_up
from vvcli.voicelab.corpus import SILENT_FRAMES, Batch, Bucket, Corpus
from vvcli.voicelab.language import _model
from vvcli.voicelab.objective import LOSSES, Objective
from vvcli.voicelab.settings import LanguageTraining, Settings

CPU = torch.device("cpu")
TEXTS = ["hello world.", "good morning to you", "yes.", "one two three four."]


def prepared(settings: Settings, **changes: Any) -> tuple[Objective, Corpus, Bucket]:
    torch.manual_seed(1)
    plain = LanguageTraining(buckets=(64,), tokens_per_batch=256, held_out=0, joined=0.0)
    config = replace(plain, **changes)
    settings = replace(settings, language=config)
    corpus = Corpus(settings, made_up(TEXTS, [9, 14, 5, 20], latent=8), CPU)
    (bucket,) = corpus.buckets
    return Objective(_model(settings), config), corpus, bucket


def losses(objective: Objective, batch: Batch, *, imagined: bool = False) -> torch.Tensor:
    torch.manual_seed(5)
    with objective.undisturbed():
        return objective(batch, 64, imagined=imagined)


def changed(batch: Batch, **values: torch.Tensor) -> Batch:
    return Batch(**{**{f.name: getattr(batch, f.name) for f in fields(Batch)}, **values})


def test_silence_behind_the_end_is_heard_but_not_made(settings: Settings) -> None:
    _, corpus, bucket = prepared(settings, without_text=0.0)
    batch = corpus.draw(bucket)
    assert ((batch.present.sum(1) - batch.valid.sum(1)) == SILENT_FRAMES).all()
    row = int((batch.frame_counts == 5).nonzero()[0])
    assert (batch.latents[row, 5:7] == batch.latents[row, 4]).all()
    real = batch.frame_positions[row][batch.present[row]].tolist()
    assert real == list(range(1 + 5, 1 + 5 + 7))


@pytest.mark.parametrize("imagined", [False, True])
def test_rows_without_text_teach_neither_spelling_nor_prosody(
    settings: Settings, imagined: bool
) -> None:
    objective, corpus, bucket = prepared(settings, without_text=1.0)
    found = losses(objective, corpus.draw(bucket), imagined=imagined).tolist()
    assert found[0] > 0
    assert found[1:] == [0.0] * (len(LOSSES) - 1)


def test_a_frame_is_told_before_it_is_heard(settings: Settings) -> None:
    """The last frame of each row can change nothing but its own diffusion and end."""
    objective, corpus, bucket = prepared(settings, without_text=0.0, fed_back_noise=0.0)
    batch = corpus.draw(bucket)
    rows = torch.arange(len(batch.latents))
    latents = batch.latents.clone()
    for behind in range(SILENT_FRAMES + 1):
        latents[rows, batch.frame_counts - 1 + behind] += 3
    before = losses(objective, batch)
    after = losses(objective, changed(batch, latents=latents))
    assert not torch.equal(before[:2], after[:2])
    torch.testing.assert_close(before[2:], after[2:])


def test_padding_counts_for_nothing(settings: Settings) -> None:
    objective, corpus, bucket = prepared(settings, fed_back_noise=0.0)
    batch = corpus.draw(bucket)
    other = changed(
        batch,
        latents=torch.where(batch.present[..., None], batch.latents, 7.0),
        phonemes=torch.where(batch.valid, batch.phonemes, 3),
        pitch=torch.where(batch.valid, batch.pitch, 9.0),
        energy=torch.where(batch.valid, batch.energy, 9.0),
    )
    torch.testing.assert_close(losses(objective, batch), losses(objective, other))


def test_every_trained_parameter_has_a_gradient(settings: Settings) -> None:
    objective, corpus, bucket = prepared(settings, without_text=0.3)
    torch.nn.init.normal_(objective.model.prediction_head.modulation.weight)
    objective(corpus.draw(bucket), 64, imagined=True).sum().backward()
    for name, parameter in objective.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name


@pytest.mark.slow
def test_a_few_utterances_are_learned_by_heart(settings: Settings) -> None:
    objective, corpus, bucket = prepared(settings, without_text=0.0, dropout=0.0)
    trained = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    first = losses(objective, corpus.draw(bucket))
    for _ in range(40):
        optimizer.zero_grad()
        objective(corpus.draw(bucket), 64, imagined=False).sum().backward()
        optimizer.step()
    last = losses(objective, corpus.draw(bucket))
    assert (last < 0.95 * first).all()
