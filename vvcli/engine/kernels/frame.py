"""The frame step on kernels: what stands between its parts is fused as well."""

from __future__ import annotations

from torch import Tensor

from vvcli.engine.frame import FrameStep
from vvcli.engine.kernels.diffusion_head import FusedDiffusionHead
from vvcli.engine.kernels.finish import FusedFinish, FusedSpeechInput
from vvcli.engine.slots import SlotState
from vvcli.model.diffusion_head import SolverTable
from vvcli.model.vibevoice import VibeVoice


class FusedFrameStep(FrameStep):
    """A frame step for a model with a fused head."""

    def __init__(self, model: VibeVoice, table: SolverTable) -> None:
        super().__init__(model, table)
        self._head: FusedDiffusionHead = model.prediction_head  # type: ignore[assignment]
        self._hear = FusedSpeechInput(model)
        self._finish = FusedFinish(model.eos_classifier)

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
