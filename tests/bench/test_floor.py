"""The counted work against what torch does."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from vvcli.bench.floor import Rates, Work, decoder_flops, frame_work
from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.model.config import ModelConfig
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.transformer import CacheView

CONFIG = ModelConfig.from_dict(SHAPES["tiny"])
STREAMS, STEPS, POSITIONS = 3, 4, 50


@pytest.fixture(scope="module")
def model() -> Any:
    return random_model(CONFIG, torch.device("cpu"), torch.float64)


def work(streams: int = STREAMS, steps: int = STEPS, positions: int = POSITIONS) -> Work:
    sizes = {"streams": streams, "steps": steps, "positions": positions}
    return frame_work(CONFIG, torch.bfloat16, weight_size=2, **sizes)


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")  # a counter imports what those tests do
@torch.inference_mode()
def test_flops_are_those_that_torch_counts(model: Any) -> None:
    lm = CONFIG.lm
    table = SolverTable.build(model.prediction_head, STEPS)
    kv = torch.zeros(
        lm.tts_layers, 2, 2, lm.kv_heads, POSITIONS + 1, lm.head_dim, dtype=torch.float64
    )
    lengths = torch.tensor([[POSITIONS], [1]])
    with FlopCounterMode(display=False) as counter:
        latent = model.prediction_head.sample(
            torch.zeros(1, 2, lm.hidden_size, dtype=torch.float64),
            torch.zeros(1, CONFIG.head.latent_size),
            torch.ones(1),
            table,
        )
        model.decode(latent[:, None])
        embedding = model.acoustic_connector(latent).expand(2, -1)[:, None]
        view = CacheView(kv, lengths, None, POSITIONS + 1)
        hidden = model.tts_language_model(embedding, view)
        model.eos_classifier(hidden[:1, 0])
    counted = counter.get_total_flops()
    # Attention was run over POSITIONS + 1 places in both rows, one position in only one of them.
    assert work(streams=1).flops == pytest.approx(counted, rel=0.03)
    assert work().flops == STREAMS * work(streams=1).flops


@pytest.mark.slow
@pytest.mark.xdist_group("compile pool")
@torch.inference_mode()
def test_the_decoder_to_the_last_flop(model: Any) -> None:
    latents = torch.zeros(1, 1, CONFIG.decoder.latent_size, dtype=torch.float64)
    with FlopCounterMode(display=False) as counter:
        model.acoustic_decoder(latents)
    assert decoder_flops(CONFIG.decoder) == counter.get_total_flops()


def test_bytes_are_weights_and_caches(model: Any) -> None:
    lm, head = CONFIG.lm, model.prediction_head

    def size(module: torch.nn.Module) -> int:
        return 2 * sum(parameter.numel() for parameter in module.parameters())

    a_stream = 2 * 2 * lm.tts_layers * lm.kv_heads * lm.head_dim * (POSITIONS + 1)
    assert work(streams=5).bytes - work(streams=4).bytes == a_stream
    a_step = size(head.noisy_images_proj) + size(head.layers) + size(head.final_linear)
    assert work(steps=3).bytes - work(steps=2).bytes == a_step
    without = (model.language_model, model.embed_tokens, model.tts_input_types, head.t_embedder)
    once = size(model) - sum(map(size, without))
    assert work(streams=0, steps=1).bytes == once


def test_the_floor_is_the_larger_of_the_two() -> None:
    rates = Rates(bytes_per_second=1e9, flops_per_second=1e12)
    assert Work(bytes=2e9, flops=1e12).floor(rates) == (2000, "bytes")
    assert Work(bytes=1e9, flops=3e12).floor(rates) == (3000, "flops")
