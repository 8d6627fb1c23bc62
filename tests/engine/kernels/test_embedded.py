"""The model that comes with the package is one that every kernel can run."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton")

from vvcli.checkpoint.model_folder import ModelFolder
from vvcli.engine.backends.triton.acoustic import decoder
from vvcli.engine.backends.triton.head import diffusion_head
from vvcli.engine.backends.triton.lm import transformer


def test_every_kernel_runs_the_embedded_model(device: torch.device) -> None:
    model = ModelFolder("embedded").weights(torch.bfloat16).to(device)
    assert decoder.supports(model.acoustic_decoder)
    assert diffusion_head.supports(model.prediction_head)
    assert transformer.supports(model.language_model)
    assert transformer.supports(model.tts_language_model)
