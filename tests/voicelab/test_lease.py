"""Trainings over several runs on machines that keep nothing: parts, depths, schedule."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice
from vvcli.voicelab import language, parts
from vvcli.voicelab.autoencoder import ADVERSARIAL, SPECTRAL, Autoencoder, load_autoencoder
from vvcli.voicelab.decoding import decode
from vvcli.voicelab.depths import with_depths
from vvcli.voicelab.export import trained_model
from vvcli.voicelab.loop import Progress, load_checkpoint, save_checkpoint
from vvcli.voicelab.settings import Settings, model_config

CPU = torch.device("cpu")


def _fill(settings: Settings, work: Path) -> None:
    """Checkpoints such as trainings leave."""
    torch.manual_seed(0)
    networks = Autoencoder(settings).state_dict()
    save_checkpoint(work / SPECTRAL, networks=networks, average={}, step=2)
    trained = Autoencoder(settings).state_dict()
    judges = nn.Linear(3, 3).state_dict()
    progress = {"step": 700, "fraction": 0.25}
    save_checkpoint(
        work / ADVERSARIAL,
        **{"networks": trained, "average": trained, "judges": judges, **progress},
        optimizer={"state": {}},
    )
    model = VibeVoice(ModelConfig.from_dict(model_config(settings))).state_dict()
    heads = nn.Linear(2, 2).state_dict()
    save_checkpoint(work / language.CHECKPOINT, model=model, average=model, heads=heads, **progress)


@pytest.mark.slow
def test_parts_bring_everything_but_optimizers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1_000_000)
    work, back = tmp_path / "work", tmp_path / "back"
    _fill(settings, work)
    (work / "copies").mkdir()
    (work / "copies" / "000.wav").write_bytes(b"sound")
    (work / "judges").mkdir()  # packages of other judges, which hear the finished voice
    parts.pack(work, tmp_path / "one", ("networks", "judges", "copies"))
    parts.pack(work, tmp_path / "two", ("language", "heads"))
    assert max(path.stat().st_size for path in (tmp_path / "one").iterdir()) <= 1_000_000
    parts.unpack(settings, [tmp_path / "one", tmp_path / "two"], back)
    assert (back / "copies" / "000.wav").read_bytes() == b"sound"
    before, after = trained_model(settings, work), trained_model(settings, back)
    for name, tensor in before.state_dict().items():
        torch.testing.assert_close(after.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)
    encoders = [load_autoencoder(settings, at, CPU).encoder for at in (work, back)]
    for ours, theirs in zip(encoders[0].parameters(), encoders[1].parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)
    for name, part in ((ADVERSARIAL, "judges"), (language.CHECKPOINT, "heads")):
        state = load_checkpoint(back / name, CPU)
        assert state is not None
        assert (state["step"], state["fraction"]) == (700, 0.25)
        assert "optimizer" not in state
        kept = load_checkpoint(work / name, CPU)
        assert kept is not None
        assert state[part].keys() == kept[part].keys()


def test_a_damaged_part_is_named(settings: Settings, tmp_path: Path) -> None:
    _fill(settings, tmp_path / "work")
    parts.pack(tmp_path / "work", tmp_path / "out", ("networks",))
    part = tmp_path / "out" / "networks.00"
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"networks\.00: missing, or not"):
        parts.unpack(settings, [tmp_path / "out"], tmp_path / "back")


def test_new_blocks_change_nothing_and_the_idle_one_is_left_out(settings: Settings) -> None:
    torch.manual_seed(0)
    decoder = Autoencoder(settings).decoder.requires_grad_(False)
    latents = torch.randn(1, 3, settings.shapes.latent)
    deeper = with_depths(decoder, (2, 1, 1, 1, 1, 2), latents)
    assert [len(stage) for stage in deeper.stages] == [2, 1, 1, 1, 1, 2]  # type: ignore[arg-type]
    before = decode(decoder, latents)
    assert (decode(deeper, latents) - before).norm() < 0.01 * before.norm()
    # The new blocks do least, so they are those that go again; and the streaming pass agrees.
    again = with_depths(deeper, (1, 1, 1, 1, 1, 1), latents)
    assert torch.equal(decode(again, latents), before)
    samples, context = deeper(latents)
    torch.testing.assert_close(samples, decode(deeper, latents), rtol=1e-4, atol=1e-5)
    assert context.shape[1] == deeper.context_size
    assert len(decoder.stages[0]) == 1  # type: ignore[arg-type]


def test_depths_must_name_every_stage(settings: Settings) -> None:
    decoder = Autoencoder(settings).decoder
    with pytest.raises(ValueError, match="2 depths for 6 stages"):
        with_depths(decoder, (1, 1), torch.zeros(1, 1, settings.shapes.latent))


def test_a_schedule_over_three_runs_falls_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    rates, fraction, step = [], None, 0
    for later in (20.0, 10.0, 0.0):
        progress = Progress(10**9, 1, 10.0, "test", later)
        progress.resume(step, fraction, cold=False)
        for _ in range(10):
            assert not progress.over
            rates.append(progress.rate)
            now += 60
            progress.step += 1
        assert progress.over
        fraction, step = progress.fraction, progress.step
    assert fraction == pytest.approx(1)
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 1
    halves = [b - a for a, b in pairwise(rates)]
    assert max(abs(change) for change in halves) < 0.06  # no jump between two runs


def test_an_optimizer_that_forgot_is_warmed_up_again() -> None:
    progress = Progress(1000, 100, None, "test")
    progress.resume(500, None, cold=True)
    cold = progress.rate
    progress.resume(500, None, cold=False)
    assert cold == pytest.approx(progress.rate / 100)
