"""Chooses the frame step: with the kernels of this package where they fit, plain otherwise."""

from __future__ import annotations

from importlib.util import find_spec

import torch

from vvcli.engine.step import FrameStep
from vvcli.model.acoustic_decoder import AcousticDecoder
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice
from vvcli.samples import SampleType


def can_fuse(model: VibeVoice) -> bool:
    """Whether `model` may run on the kernels: bfloat16, on a GPU they are made for, with Triton."""
    if model.device.type != "cuda" or model.dtype != torch.bfloat16 or find_spec("triton") is None:
        return False
    return torch.cuda.get_device_capability(model.device) >= (9, 0)


def fused_frame_step(
    model: VibeVoice, table: SolverTable, sample_type: SampleType, *, deterministic: bool
) -> FrameStep:
    """Replace the parts of `model` that the kernels can stand in for, in place.

    A part of an unusual shape stays as it is, and so does one that has been replaced before.
    """
    # Only here: Triton is not there on every machine, and takes a while to load.
    from vvcli.engine.backends.triton.acoustic import decoder as acoustic_decoder
    from vvcli.engine.backends.triton.frame import FusedFrameStep
    from vvcli.engine.backends.triton.head import diffusion_head
    from vvcli.engine.backends.triton.lm import transformer

    decoder = model.acoustic_decoder
    if isinstance(decoder, AcousticDecoder) and acoustic_decoder.supports(decoder):
        fused = acoustic_decoder.FusedAcousticDecoder(decoder)
        model.acoustic_decoder = fused  # type: ignore[assignment]
    lms = model.language_model, model.tts_language_model
    if not all(transformer.supports(lm) for lm in lms):
        return FrameStep(model, table, sample_type)
    if not isinstance(model.language_model, transformer.FusedTransformer):
        model.language_model, model.tts_language_model = map(transformer.FusedTransformer, lms)
    if not diffusion_head.supports(model.prediction_head):
        return FrameStep(model, table, sample_type)
    if not isinstance(model.prediction_head, diffusion_head.FusedDiffusionHead):
        model.prediction_head = diffusion_head.FusedDiffusionHead(model.prediction_head)
    return FusedFrameStep(model, table, sample_type, joins=not deterministic)
