"""From recordings to a model folder that the synthesizer loads and speaks with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from vvcli import Synthesizer
from vvcli.model.transformer import CacheView
from vvcli.model.vibevoice import TEXT
from vvcli.voicelab import adversarial, discriminators, encoder, language, spectral
from vvcli.voicelab.autoencoder import ADVERSARIAL, SPECTRAL, load_autoencoder
from vvcli.voicelab.corpus import tokens_of
from vvcli.voicelab.discriminators import PeriodJudge, SpectrumJudge
from vvcli.voicelab.export import export, tokenizer, trained_model, voice_tensors
from vvcli.voicelab.latents import FILE, Latents, extract
from vvcli.voicelab.loop import load_checkpoint
from vvcli.voicelab.restore import restore, save_encoder
from vvcli.voicelab.settings import ALPHABET, Settings
from vvcli.voicelab.teach import Recordings

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("trained")]  # by one process

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def narrow() -> Iterator[None]:
    """The networks whose widths are no settings are of no more than a few channels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "WIDTHS", (16, 20, 24, 28))
        patch.setattr(discriminators, "SpectrumJudge", partial(SpectrumJudge, channels=2))
        patch.setattr(discriminators, "PeriodJudge", partial(PeriodJudge, widths=(2, 4, 4, 8)))
        yield


@pytest.fixture(scope="module")
def work(
    narrow: None,
    settings: Settings,
    recordings: Recordings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder: Path = tmp_path_factory.mktemp("work")
    spectral.train_spectral(settings, recordings.samples, folder, CPU)
    adversarial.train_adversarial(settings, recordings.samples, folder, CPU)
    extract(settings, recordings, folder, CPU).save(folder / FILE)
    language.train_language(settings, Latents.load(folder / FILE), folder, CPU)
    return folder


@pytest.fixture(scope="module")
def model(settings: Settings, work: Path) -> Path:
    export(settings, work, work / "model")
    return work / "model"


def test_every_frame_has_a_latent(work: Path, recordings: Recordings) -> None:
    data = Latents.load(work / FILE)
    assert data.latents.shape == (recordings.frames.sum(), 8)
    assert data.texts == recordings.texts
    assert np.isfinite(data.latents).all()


def test_the_synthesizer_speaks_with_the_exported_model(model: Path) -> None:
    assert [path.stem for path in sorted((model / "voices").iterdir())] == ["clara", "miles"]
    synthesizer = Synthesizer(model, voice="miles", device="cpu", streams=2)
    stream = synthesizer.stream(["It is 5 km to Zoë's.", "Привет"])
    chunk = next(stream)
    assert np.isfinite(chunk.samples).all()
    stream.close()


def test_the_tokens_of_speaking_are_those_of_training(model: Path) -> None:
    from vvcli.checkpoint.model_folder import ModelFolder
    from vvcli.frontend.front_end import FrontEnd

    encoded = ModelFolder(model).tokenizer.encode(FrontEnd().speak("Don't stop, it's 5!"))
    assert encoded == tokens_of("don't stop, it's five!")
    assert tokenizer()["model"]["vocab"]["z"] == ALPHABET.index("z")


def test_a_training_that_was_stopped_goes_on(
    settings: Settings, work: Path, recordings: Recordings
) -> None:
    before = load_checkpoint(work / SPECTRAL, CPU)
    spectral.train_spectral(settings, recordings.samples, work, CPU)
    after = load_checkpoint(work / SPECTRAL, CPU)
    assert before is not None
    assert after is not None
    assert before["step"] == after["step"] == settings.spectral.steps
    for name, tensor in before["networks"].items():
        assert torch.equal(tensor, after["networks"][name])


def test_voices_are_the_first_position_of_training(settings: Settings, work: Path) -> None:
    model = trained_model(settings, work)
    token = settings.voice_token(1)
    tensors = voice_tensors(model, token, settings.neutral_token)
    rest = tokens_of("hi")
    everything = model.embed_tokens(torch.tensor([[token, *rest]]))
    text = model.language_model(everything) + model.tts_input_types.weight[TEXT]
    expected = model.tts_language_model(text)[:, 1:]

    lm = model.config.lm
    hidden = text[:, 1:]
    kv = torch.zeros(2, 2, 1, lm.kv_heads, 1 + len(rest), lm.head_dim)
    for layer in range(2):
        kv[layer, 0, :, :, :1] = tensors[f"tts_lm.key.{layer}"]
        kv[layer, 1, :, :, :1] = tensors[f"tts_lm.value.{layer}"]
    positions = torch.arange(1, 1 + len(rest))[None]
    continued = model.tts_language_model(hidden, CacheView(kv, positions, None, 1 + len(rest)))
    torch.testing.assert_close(continued, expected)


def test_an_untrained_work_folder_cannot_be_exported(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"language\.pt"):
        export(settings, tmp_path, tmp_path / "model")


def test_trainings_go_on_from_the_exported_model(
    settings: Settings, work: Path, model: Path, recordings: Recordings, tmp_path: Path
) -> None:
    save_encoder(settings, work, tmp_path / "encoder.safetensors")
    restore(settings, model, tmp_path / "encoder.safetensors", tmp_path)
    before, after = trained_model(settings, work), trained_model(settings, tmp_path)
    for name, tensor in after.state_dict().items():
        torch.testing.assert_close(tensor, before.state_dict()[name], rtol=2e-3, atol=1e-6)
    ours = Latents.load(work / FILE).latents
    theirs = extract(settings, recordings, tmp_path, CPU).latents
    np.testing.assert_allclose(ours, theirs, atol=0.05)
    encoder = load_autoencoder(settings, tmp_path, CPU).encoder.state_dict()
    spectral.train_spectral(settings, recordings.samples, tmp_path, CPU)  # it is at its end
    for name, tensor in load_autoencoder(settings, tmp_path, CPU).encoder.state_dict().items():
        assert torch.equal(tensor, encoder[name]), name
    once = replace(settings, adversarial=replace(settings.adversarial, steps=1))
    adversarial.train_adversarial(once, recordings.samples, tmp_path, CPU)
    state = load_checkpoint(tmp_path / ADVERSARIAL, CPU)
    assert state is not None
    assert state["step"] == 1


@pytest.mark.parametrize("frozen", [False, True])
def test_the_game_trains_the_encoder_unless_it_is_frozen(
    settings: Settings, work: Path, recordings: Recordings, tmp_path: Path, frozen: bool
) -> None:
    (tmp_path / ADVERSARIAL).write_bytes((work / ADVERSARIAL).read_bytes())
    before = dict(load_autoencoder(settings, tmp_path, CPU).named_parameters())
    # Its schedule is over: without `anew`, nothing would change.
    once = replace(settings, adversarial=replace(settings.adversarial, steps=1))
    adversarial.train_adversarial(once, recordings.samples, tmp_path, CPU, frozen=frozen, anew=True)
    after = dict(load_autoencoder(settings, tmp_path, CPU).named_parameters())
    changed = {name for name in before if not torch.equal(after[name], before[name])}
    assert {name.partition(".")[0] for name in changed} == (
        {"decoder"} if frozen else {"encoder", "decoder"}
    )


def test_restore_changes_the_depths_of_the_decoder(
    settings: Settings, work: Path, model: Path, tmp_path: Path
) -> None:
    deeper = replace(settings, shapes=replace(settings.shapes, depths="1-1-1-1-1-2"))
    save_encoder(settings, work, tmp_path / "encoder.safetensors")
    restore(deeper, model, tmp_path / "encoder.safetensors", tmp_path)
    decoder = trained_model(deeper, tmp_path).acoustic_decoder
    assert decoder.config.depths == (1, 1, 1, 1, 1, 2)
    assert decoder.stages[5][1].gamma.max() < 0.01  # type: ignore[index]
