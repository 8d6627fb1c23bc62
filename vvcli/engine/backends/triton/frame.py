"""The frame step on kernels: what stands between its parts is fused as well."""

from __future__ import annotations

import torch
from torch import Tensor

from vvcli.engine.backends.triton.head.diffusion_head import FusedDiffusionHead
from vvcli.engine.backends.triton.lm.commit import FusedFinish, FusedSpeechInput
from vvcli.engine.backends.triton.lm.join_text import finish_text, place
from vvcli.engine.scheduler import Room
from vvcli.engine.slots import SlotState
from vvcli.engine.step import FrameStep, TextBatch, read_text
from vvcli.model.attention import CacheView
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice
from vvcli.samples import SampleType


class FusedFrameStep(FrameStep):
    """A frame step for a model with a fused head and fused LMs.

    Args:
        model: whose parts are run.
        table: solver steps.
        sample_type: of the samples that come out.
        joins: take text through the TTS LM together with the frame. The number of rows, and so the
            rounding of a stream, then depends on whether others are given text.
    """

    def __init__(
        self, model: VibeVoice, table: SolverTable, sample_type: SampleType, *, joins: bool
    ) -> None:
        super().__init__(model, table, sample_type)
        self._joins = joins
        self._head: FusedDiffusionHead = model.prediction_head  # type: ignore[assignment]
        self._hear = FusedSpeechInput(model)
        self._finish = FusedFinish(model.eos_classifier)

    def read_beside(self, state: SlotState, text: TextBatch | None, limits: Room) -> Tensor | None:
        """The text LM's states of text that joins the frame, [W, window, H]."""
        if text is None or not self._joins:
            return None
        return read_text(self._model, state, text, limits)

    def sample_latent(self, state: SlotState, bucket: int) -> Tensor:
        """As `FrameStep.sample_latent`; the kernel picks the noise row."""
        return self._head.sample(
            state.condition[:bucket], state.noise[:bucket], state.guidance[:bucket], self._table,
            frame=state.frame[:bucket],
        )  # fmt: skip

    def hear(self, latent: Tensor) -> Tensor:
        """As `FrameStep.hear`."""
        return self._hear(latent)

    def finish(self, state: SlotState, hidden: Tensor) -> Tensor:
        """As `FrameStep.finish`."""
        return self._finish(hidden, state)

    def advance(
        self,
        state: SlotState,
        latent: Tensor,
        limits: Room,
        text: TextBatch | None,
        words: Tensor | None,
    ) -> Tensor:
        """As `FrameStep.advance`, with the rows of `words` in the frame's own pass."""
        if text is None or words is None:
            return super().advance(state, latent, limits, text, words)
        pairs = self.hear(latent)
        speech = pairs.shape[0]
        rows, positions = place(state, latent.shape[0], text)
        cache = CacheView(state.tts_kv, positions[:, None], rows, limits.speech)
        inputs = torch.cat([pairs, words.view(-1, 1, words.shape[2])])
        hidden = self._model.tts_language_model(inputs, cache)
        eos = self.finish(state, hidden[:speech])
        finish_text(state, hidden[speech:], text)
        return eos
