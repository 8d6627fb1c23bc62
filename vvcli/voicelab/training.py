"""A training step's tools: mixed precision, the optimizer, graphs, averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def mixed(device: torch.device) -> AbstractContextManager[None]:
    """Matrix products in bfloat16 on a GPU, everything in float32 elsewhere.

    No cast is cached: a captured graph must cast the weights anew in each replay.
    """
    on_gpu = device.type == "cuda"
    return torch.autocast(device.type, torch.bfloat16, enabled=on_gpu, cache_enabled=False)


def adam(
    parameters: Iterable[nn.Parameter],
    device: torch.device,
    decay: float,
    betas: tuple[float, float] = (0.9, 0.98),
) -> torch.optim.AdamW:
    """AdamW whose learning rate is a tensor, so that a captured step sees it change."""
    on_gpu = device.type == "cuda"
    return torch.optim.AdamW(
        parameters,
        lr=torch.zeros((), device=device),
        betas=betas,
        weight_decay=decay,
        fused=on_gpu,
        capturable=on_gpu,
    )


def clip_gradients(parameters: Iterable[nn.Parameter], limit: float) -> Tensor:
    """Bound the gradients' norm and return it; a step whose norm is not finite changes nothing."""
    parameters = list(parameters)
    norm = nn.utils.clip_grad_norm_(parameters, limit)
    for parameter in parameters:
        if parameter.grad is not None:
            torch.nan_to_num_(parameter.grad, 0.0, 0.0, 0.0)
    return norm


@contextmanager
def compiled(kinds: tuple[type[nn.Module], ...], device: torch.device) -> Iterator[None]:
    """Compile the forward of these layer classes, on a GPU, for as long as the context lasts.

    Layers rather than whole models: all layers of a kind share one compilation, and shapes that
    vary do not start another.
    """
    if device.type != "cuda":
        yield
        return
    plain = [kind.forward for kind in kinds]
    try:
        for kind in kinds:
            kind.forward = torch.compile(kind.forward, dynamic=True)
        yield
    finally:
        for kind, forward in zip(kinds, plain, strict=True):
            kind.forward = forward


class CapturedStep:
    """A training step that becomes one CUDA graph; elsewhere it just runs.

    `step` reads its inputs from tensors that stay where they are, draws random numbers from the
    default generator, and updates everything in place. It returns losses to be reported.
    """

    def __init__(self, step: Callable[[], Tensor], device: torch.device, pool: Any = None) -> None:
        self._step = step
        self._graph: torch.cuda.CUDAGraph | None = None
        if device.type != "cuda":
            return
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, pool=pool):
            self._losses = step()

    def __call__(self) -> Tensor:
        """One step; the losses are valid until the next one."""
        if self._graph is None:
            return self._step()
        self._graph.replay()
        return self._losses


class AveragedWeights:
    """Exponential moving averages of parameters, updated in place.

    The average starts short and lengthens, so that early random weights do not linger.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._live: list[Tensor] = [p for p in module.parameters() if p.requires_grad]
        self._average = [p.detach().clone() for p in self._live]
        self._names = [n for n, p in module.named_parameters() if p.requires_grad]
        self._keep = torch.zeros((), device=self._live[0].device)
        self._decay = decay

    def set_step(self, step: int) -> None:
        """Lengthen the average for `step`; call before `update`, outside a captured step."""
        self._keep.fill_(1 - min(self._decay, (1 + step) / (10 + step)))

    @torch.no_grad()
    def update(self) -> None:
        """Move the averages towards the parameters."""
        differences = torch._foreach_sub(self._live, self._average)
        torch._foreach_mul_(differences, self._keep)
        torch._foreach_add_(self._average, differences)

    def state(self) -> dict[str, Tensor]:
        """The averages under their parameters' names."""
        return dict(zip(self._names, self._average, strict=True))

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from `state`; weights that it lacks are averaged from here on."""
        for name, average in zip(self._names, self._average, strict=True):
            if name in state:
                average.copy_(state[name])
