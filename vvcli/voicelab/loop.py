"""The loop of every training: the schedule, the time, figures, checkpoints."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vvcli.voicelab.training import AveragedWeights


class Progress:
    """Steps done and to do; warm-up and cosine decay; a line of figures now and then.

    `minutes` bounds the time: the schedule then ends with the time, if that comes first.
    """

    def __init__(self, steps: int, warmup: int, minutes: float | None, label: str) -> None:
        self._first = self.step = 0
        self._steps, self._warmup, self._label = steps, warmup, label
        self._seconds = 60 * minutes if minutes else math.inf
        self._start = time.monotonic()

    def resume(self, step: int) -> None:
        """Continue from `step`; the time that is left starts now."""
        self._first = self.step = step

    @property
    def fraction(self) -> float:
        """How much of the training is over, up to one."""
        before = self._first / self._steps
        elapsed = (time.monotonic() - self._start) / self._seconds
        return min(1.0, max(self.step / self._steps, before + (1 - before) * elapsed))

    @property
    def rate(self) -> float:
        """The factor on the learning rate: up linearly, down to a fiftieth by a cosine."""
        rise = min(1.0, (self.step + 1) / self._warmup)
        return rise * (0.02 + 0.98 * (1 + math.cos(math.pi * self.fraction)) / 2)

    def report(self, losses: Tensor, names: tuple[str, ...], every: int = 200) -> None:
        """Count a step, and print its losses if it is the turn."""
        self.step += 1
        if self.step % every == 0 or self.step == 1:
            figures = " ".join(f"{n} {v:.4f}" for n, v in zip(names, losses.tolist(), strict=True))
            seconds = time.monotonic() - self._start
            line = f"{self._label} {self.step} {seconds:.0f}s {figures}"
            print(line, file=sys.stderr, flush=True)  # noqa: T201


def save_checkpoint(path: Path, **state: Any) -> None:
    """Write `state` to `path` so that the file there is always a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load_checkpoint(path: Path, device: torch.device) -> dict[str, Any] | None:
    """What `save_checkpoint` wrote to `path`, if it did."""
    if not path.exists():
        return None
    return torch.load(path, map_location=device, weights_only=True)


class TrainingLoop:
    """A training that can be interrupted, and goes on from its checkpoint if there is one.

    Args:
        path: of the checkpoint.
        device: where the parts are.
        progress: steps and time.
        parts: what the checkpoint holds, by name, beside the average and the step. One that an
            older checkpoint lacks starts anew.
        averaged: the module whose weights are averaged.
        decay: of the average.
        rates: every optimizer with its highest learning rate.
        save_every: steps between two checkpoints.
    """

    def __init__(
        self,
        path: Path,
        device: torch.device,
        progress: Progress,
        parts: Mapping[str, nn.Module | torch.optim.Optimizer],
        *,
        averaged: nn.Module,
        decay: float,
        rates: Sequence[tuple[torch.optim.Optimizer, float]],
        save_every: int,
    ) -> None:
        self.progress = progress
        self._path, self._parts, self._rates = path, parts, rates
        self._save_every = save_every
        state = load_checkpoint(path, device) or {"average": {}, "step": 0}
        for name, part in parts.items():
            if name in state:
                part.load_state_dict(state[name])
        # Only now: where the checkpoint has no average, it is that of the weights just loaded.
        self.average = AveragedWeights(averaged, decay)
        self.average.load(state["average"])
        progress.resume(state["step"])

    def run(
        self,
        step: Callable[[], Tensor],
        names: tuple[str, ...],
        *,
        validate: Callable[[], None] = lambda: None,
        validate_every: int = sys.maxsize,
    ) -> None:
        """Call `step`, whose losses have `names`, until steps or time are over; then save."""
        progress = self.progress
        while progress.fraction < 1:
            for optimizer, rate in self._rates:
                optimizer.param_groups[0]["lr"].fill_(rate * progress.rate)
            self.average.set_step(progress.step)
            progress.report(step(), names)
            if progress.step % validate_every == 0:
                validate()
            if progress.step % self._save_every == 0:
                self._save()
        validate()
        self._save()

    def _save(self) -> None:
        state = {name: part.state_dict() for name, part in self._parts.items()}
        save_checkpoint(self._path, **state, average=self.average.state(), step=self.progress.step)
