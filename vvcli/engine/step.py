"""The step that makes speech: one frame out, text windows in. The only compute path.

It writes the slot state in place and never reads a value back to the host, so it runs as it is or
inside a captured graph. Slots that are idle or wait for text take part in the arithmetic, but
nothing of theirs advances.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vvcli.engine.frame_output import FrameOutput
from vvcli.engine.noise import RING
from vvcli.engine.scheduler import Room
from vvcli.engine.side_stream import SideStream
from vvcli.engine.slots import SlotState
from vvcli.model.attention import CacheView
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import SPEECH, TEXT, VibeVoice
from vvcli.samples import SampleType


@dataclass
class TextBatch:
    """Text windows of W rows; padding rows name the spare slot and count zero tokens."""

    slots: Tensor  # [W] int64
    tokens: Tensor  # [W, text_window] int64, zero-padded
    counts: Tensor  # [W] int64
    frames: Tensor  # [W] int64: frames that may follow

    @property
    def offsets(self) -> Tensor:
        """Places of a window's tokens behind its slot's length, [text_window] int64."""
        return torch.arange(self.tokens.shape[1], device=self.tokens.device)

    @staticmethod
    def columns(text_window: int) -> int:
        """Columns of a packed batch."""
        return text_window + 3

    @classmethod
    def of(cls, packed: Tensor) -> TextBatch:
        """The parts of `packed` [W, columns] int64: slot, count, frames, tokens."""
        return cls(packed[:, 0], packed[:, 3:], packed[:, 1], packed[:, 2])


def text_step(model: VibeVoice, state: SlotState, text: TextBatch, limits: Room) -> None:
    """Run text windows through both LMs; the last token's state becomes the condition.

    `limits` bound the positions attended to. Tokens beyond a row's count are written behind its
    length, where the next write overtakes them before anything reads them.
    """
    slots, counts = text.slots, text.counts
    hidden = read_text(model, state, text, limits)
    rows = 2 * slots
    positions = state.tts_length[rows][:, None] + text.offsets
    cache = CacheView(state.tts_kv, positions, rows, limits.speech)
    hidden = model.tts_language_model(hidden, cache)

    last = (counts - 1).clamp(min=0)[:, None, None].expand(-1, 1, hidden.shape[2])
    state.condition[slots, 0] = hidden.gather(1, last)[:, 0]
    state.lm_length.index_add_(0, slots, counts)
    state.tts_length.index_add_(0, rows, counts)
    state.window_left[slots] = text.frames


def read_text(model: VibeVoice, state: SlotState, text: TextBatch, limits: Room) -> Tensor:
    """Run text windows through the text LM; inputs [W, text_window, hidden] of the TTS LM."""
    positions = state.lm_length[text.slots][:, None] + text.offsets
    cache = CacheView(state.lm_kv, positions, text.slots, limits.text)
    hidden = model.language_model(model.embed_tokens(text.tokens), cache)
    return hidden + model.tts_input_types.weight[TEXT]


class FrameStep:
    """Makes one frame for each of the first slots that can, and gives text to those that are due.

    A frame has three stages. The second, which makes the audio, runs beside the third, which makes
    the next condition: on a GPU neither fills it.

    Args:
        model: whose parts are run.
        table: solver steps.
        sample_type: of the samples that come out.
    """

    def __init__(
        self, model: VibeVoice, table: SolverTable, sample_type: SampleType = "float32"
    ) -> None:
        self._model = model
        self._table = table
        self._sample_type = sample_type
        self._side = SideStream(model.device)

    def __call__(
        self, state: SlotState, bucket: int, limits: Room, text: TextBatch | None = None
    ) -> FrameOutput | None:
        """One frame of the first `bucket` slots, none with 0; then the windows of `text`.

        `limits` bound the positions attended to.
        """
        if bucket == 0:
            if text is not None:
                text_step(self._model, state, text, limits)
            return None
        with self._side.beside():
            runs = running(state, bucket)
            words = self.read_beside(state, text, limits)
        latent = self.sample_latent(state, bucket)
        # Stage 3 reads `words`, and its end overwrites what `runs` is made of.
        self._side.join()
        with self._side.beside():
            output = self.decode_audio(state, latent, runs)
        eos = self.advance(state, latent, limits, text, words)
        self._side.join()
        output.mark_ends(eos)
        return output

    def read_beside(self, state: SlotState, text: TextBatch | None, limits: Room) -> Tensor | None:
        """What of `text` is computed beside stage 1, for `advance`; here nothing."""
        del state, text, limits
        return None

    def advance(
        self,
        state: SlotState,
        latent: Tensor,
        limits: Room,
        text: TextBatch | None,
        words: Tensor | None,
    ) -> Tensor:
        """Stage 3, and then `text`, of which `words` is computed; as `advance_speech`."""
        del words
        eos = self.advance_speech(state, latent, limits)
        if text is not None:
            text_step(self._model, state, text, limits)
        return eos

    def sample_latent(self, state: SlotState, bucket: int) -> Tensor:
        """Stage 1: denoise a latent per slot; [bucket, latent] float64."""
        slots = torch.arange(bucket, device=state.noise.device)
        noise = state.noise[slots, state.frame[:bucket] % RING]
        condition, guidance = state.condition[:bucket], state.guidance[:bucket]
        return self._model.prediction_head.sample(condition, noise, guidance, self._table)

    def decode_audio(self, state: SlotState, latent: Tensor, runs: Tensor) -> FrameOutput:
        """Stage 2: the samples of `latent`; the decoder's contexts move on in `runs`.

        Which frames are the last is known after stage 3.
        """
        audio = self._model.acoustic_decoder.advance(
            self._model.unscale(latent)[:, None], state.context[: latent.shape[0]], runs
        )
        return FrameOutput.of(audio, self._sample_type)

    def advance_speech(self, state: SlotState, latent: Tensor, limits: Room) -> Tensor:
        """Stage 3: the TTS LM hears `latent`; [bucket] bool, whether a slot ends with this frame.

        Conditional and unconditional rows run together.
        """
        pairs = self.hear(latent)
        positions = state.tts_length[: pairs.shape[0], None]
        cache = CacheView(state.tts_kv, positions, None, limits.speech)
        return self.finish(state, self._model.tts_language_model(pairs, cache))

    def hear(self, latent: Tensor) -> Tensor:
        """Inputs [2B, 1, hidden] of the TTS LM for `latent` [B, latent]: the same for a pair."""
        model = self._model
        embedding = model.acoustic_connector(latent.to(model.dtype))
        embedding = embedding + model.tts_input_types.weight[SPEECH]
        return embedding.repeat_interleave(2, dim=0)[:, None]

    def finish(self, state: SlotState, hidden: Tensor) -> Tensor:
        """The states `hidden` [2B, 1, H] become the next condition, and the counters advance.

        Returns which slots end with this frame, [B] bool.
        """
        bucket = hidden.shape[0] // 2
        runs = running(state, bucket)
        hidden = hidden.view(bucket, 2, -1)
        keep_where(runs, state.condition[:bucket], hidden)
        eos = torch.sigmoid(self._model.eos_classifier(hidden[:, 0]).float()) > 0.5
        eos = eos & runs
        state.tts_length[: 2 * bucket] += runs.repeat_interleave(2)
        state.frame[:bucket] += runs
        state.window_left[:bucket] -= runs.long()
        state.active[:bucket] &= ~eos
        return eos


def running(state: SlotState, bucket: int) -> Tensor:
    """Which of the first `bucket` slots make a frame, [bucket] bool; to be asked before its end."""
    return state.active[:bucket] & (state.window_left[:bucket] > 0)


def keep_where(runs: Tensor, state: Tensor, new: Tensor) -> None:
    """Write `new` [B, …] over `state` in place, in the rows that run."""
    mask = runs.view(-1, *[1] * (state.dim() - 1))
    state.copy_(torch.where(mask, new, state))
