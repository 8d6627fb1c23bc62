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

    `minutes` bounds the time, and the schedule ends with it, if that comes before `steps`. Where
    the training goes on after it for `later` minutes more, in other runs, the schedule only comes
    as far as this run's share, or the rate would fall and rise again in each of them.
    """

    def __init__(
        self, steps: int, warmup: int, minutes: float | None, label: str, later: float = 0.0
    ) -> None:
        self._first = self.step = 0
        self._steps, self._warmup, self._label = steps, warmup, label
        self._seconds = 60 * minutes if minutes else math.inf
        self._share = minutes / (minutes + later) if minutes else 1.0
        self._before, self._cold = 0.0, 0
        self._start = time.monotonic()

    def resume(self, step: int, fraction: float | None, *, cold: bool) -> None:
        """Continue from `step`; the time that is left starts when this object was made.

        `fraction` of the schedule is over, by default that of `steps`. A `cold` optimizer, which
        has forgotten the gradients before, needs the warm-up again.
        """
        self._first = self.step = step
        self._before = step / self._steps if fraction is None else fraction
        self._cold = step if cold else 0

    @property
    def fraction(self) -> float:
        """How much of the training is over, up to one."""
        elapsed = (time.monotonic() - self._start) / self._seconds * self._share
        done = (self.step - self._first) / max(1, self._steps - self._first)
        return min(1.0, self._before + (1 - self._before) * max(done, elapsed))

    @property
    def over(self) -> bool:
        """Whether steps or time of this run are."""
        return self.fraction >= 1 or time.monotonic() - self._start >= self._seconds

    @property
    def rate(self) -> float:
        """The factor on the learning rate: up linearly, down to a fiftieth by a cosine."""
        rise = min(1.0, (self.step - self._cold + 1) / self._warmup)
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
        anew: whether the schedule starts again, from the checkpoint's weights.

    `new` are the names of the parts that were in no checkpoint.
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
        anew: bool = False,
    ) -> None:
        self.progress = progress
        self._path, self._parts, self._rates = path, parts, rates
        self._save_every = save_every
        state = load_checkpoint(path, device) or {"average": {}, "step": 0}
        self.new = parts.keys() - state.keys()
        for name in parts.keys() - self.new:
            parts[name].load_state_dict(state[name])
        # Only now: where the checkpoint has no average, it is that of the weights just loaded.
        self.average = AveragedWeights(averaged, decay)
        self.average.load(state["average"])
        optimizers = (n for n, part in parts.items() if isinstance(part, torch.optim.Optimizer))
        cold = any(name not in state for name in optimizers)
        if anew:
            progress.resume(0, 0.0, cold=True)
        else:
            progress.resume(state["step"], state.get("fraction"), cold=cold)

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
        while not progress.over:
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
        progress = {"step": self.progress.step, "fraction": self.progress.fraction}
        save_checkpoint(self._path, **state, **progress, average=self.average.state())
