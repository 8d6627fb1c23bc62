"""Compares a back-end's operations with the plain modules, on the device they run on.

Both are compared with the plain modules in float32: an operation may be off by MARGIN times as much
as the plain module in the model's own dtype is. One that is not, or does not run, is left out.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.compare_parts import PARTS, Case, Part, PlainJoinText
from vvcli.engine.backends.plain import plain_backend
from vvcli.engine.counters import describe_error
from vvcli.model.vibevoice import VibeVoice

MARGIN = 2.0
NEGLIGIBLE = 1e-6  # an error as of rounding float32


@dataclass(frozen=True)
class Comparison:
    """One part of a back-end at one number of streams.

    Attributes:
        error: relative, of the part; the largest of its results. NaN if it did not run.
        plain_error: the same of the plain module.
        reason: why it did not run.
    """

    part: str
    streams: int
    error: float
    plain_error: float
    reason: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the part must not be used."""
        return not self.error <= max(MARGIN * self.plain_error, NEGLIGIBLE)

    @property
    def sentence(self) -> str:
        """What was found, for a person."""
        if self.reason is not None:
            return f"did not run at {self.streams} streams: {self.reason}"
        own = f"plain modules {self.plain_error:.2g}"
        return f"error {self.error:.2g} at {self.streams} streams, {own}"


@torch.inference_mode()
def compare(model: VibeVoice, backend: Backend, streams: Iterable[int]) -> list[Comparison]:
    """Compare the parts of `backend` that are not its fallback's, at these numbers of streams."""
    parts = own_parts(backend)
    if not parts:
        return []
    plain = replace(plain_backend(model), join_text=PlainJoinText())
    exact_model = copy.deepcopy(model).float()
    exact = replace(plain_backend(exact_model), join_text=PlainJoinText())
    cases = [Case.random(model, count) for count in streams]
    # Part by part, compiling would take a minute. What fails here fails again below, and is said.
    with suppress(Exception):
        backend.compile_ahead(
            lambda: [part.run(backend, case.fresh()) for case in cases for part in parts]
        )
    found = []
    for case in cases:
        exact_case = case.to(exact_model)
        for part in parts:
            wanted = part.run(exact, exact_case.fresh())
            own = _error(part.run(plain, case.fresh()), wanted)
            found.append(_compare_part(part, backend, case, wanted, own))
    return found


def own_parts(backend: Backend) -> list[Part]:
    """The parts of `backend` that its fallback computes in another way."""
    other = backend.fallback
    if other is None:
        return []
    return [part for part in PARTS if _operation(backend, part) is not _operation(other, part)]


def without(backend: Backend, parts: Iterable[str]) -> Backend:
    """`backend` with the operations of its fallback in the place of those of `parts`."""
    fallback, names = backend.fallback, set(parts)
    if fallback is None or not names:
        return backend
    changed = {part.field for part in PARTS if part.name in names}
    if "tts_lm" in changed:  # whose rows text joins
        changed.add("join_text")
    return replace(backend, **{field: getattr(fallback, field) for field in changed})


def failures(found: Sequence[Comparison]) -> dict[str, Comparison]:
    """The first comparison that each part failed, by the part's name."""
    first: dict[str, Comparison] = {}
    for comparison in found:
        if comparison.failed:
            first.setdefault(comparison.part, comparison)
    return first


def _operation(backend: Backend, part: Part) -> object:
    return getattr(backend, part.field)


def _compare_part(
    part: Part, backend: Backend, case: Case, wanted: list[Tensor], own: float
) -> Comparison:
    def once() -> list[Tensor]:
        return part.run(backend, case.fresh())

    try:
        backend.first_run(once)
        error = _error(once(), wanted)
        if case.device.type == "cuda":
            torch.cuda.synchronize(case.device)  # an error of a launch may come late
    except Exception as error_of_part:  # a compiler or a driver may raise errors of any class
        reason = describe_error(error_of_part)
        return Comparison(part.name, case.streams, float("nan"), own, reason)
    return Comparison(part.name, case.streams, error, own)


def _error(found: list[Tensor], wanted: list[Tensor]) -> float:
    """The largest relative error of some tensors; NaN if one has a NaN."""
    errors = [
        (one.double() - other.double()).norm() / other.double().norm().clamp(min=1e-30)
        for one, other in zip(found, wanted, strict=True)
    ]
    return float(torch.stack(errors).max())
