"""On a GPU: the acoustic kernels against float64, at the full size and on fresh random numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from tests.engine.kernels.acoustic_cases import LARGE, SMALL, compare, random_decoder
from vvcli.model.acoustic_decoder import AcousticDecoder

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

Twins = tuple[AcousticDecoder, AcousticDecoder]


@pytest.fixture(scope="module")
def decoders() -> Twins:
    return random_decoder(LARGE, "cuda", seed=int(torch.seed() % 1000))


@pytest.fixture
def poison() -> Iterator[None]:
    """Memory that nobody writes is NaN."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("poison")
@pytest.mark.parametrize(
    ("streams", "frames"), [(1, 3), (2, 3), (3, 10), (32, 2), (100, 2), (130, 1)]
)
def test_as_exact_as_the_plain_module(decoders: Twins, streams: int, frames: int) -> None:
    errors, own = compare(*decoders, streams, frames)
    assert errors.samples < max(1e-2, 1.2 * own.samples)
    assert errors.context < max(5e-3, 1.2 * own.context)


@pytest.mark.usefixtures("poison")
@pytest.mark.parametrize("streams", [1, 3, 700])
def test_any_power_of_two_runs(streams: int) -> None:
    errors, own = compare(*random_decoder(SMALL, "cuda"), streams, 3)
    assert errors.samples < max(1e-2, 1.2 * own.samples)
    assert errors.context < max(5e-3, 1.2 * own.context)


@torch.inference_mode()
@pytest.mark.parametrize("streams", [3, 32, 100, 130])
def test_a_stream_does_not_notice_its_neighbours(decoders: Twins, streams: int) -> None:
    from vvcli.engine.backends.triton.acoustic.decoder import FusedAcousticDecoder

    plain, _ = decoders
    fused = FusedAcousticDecoder(plain)
    options = {"device": "cuda", "dtype": torch.bfloat16}
    latents = torch.randn(streams, 1, 64, **options)  # type: ignore[call-overload]
    context = torch.randn(streams, plain.context_size, **options)  # type: ignore[call-overload]
    runs = torch.ones(streams, dtype=torch.bool, device="cuda")
    first = context.clone()
    samples = fused.advance(latents, first, runs)
    others = torch.arange(streams, device="cuda") != streams // 2
    latents[others] = 10 * torch.randn_like(latents[others])
    context[others] = 0
    second = context.clone()
    again = fused.advance(latents, second, runs & ~others)
    assert torch.equal(samples[~others], again[~others])
    assert torch.equal(first[~others], second[~others])
    assert torch.equal(second[others], context[others])


@torch.inference_mode()
def test_idle_streams_stay_finite_and_a_graph_gives_the_same(decoders: Twins) -> None:
    from vvcli.engine.backends.triton.acoustic.decoder import FusedAcousticDecoder

    plain, _ = decoders
    fused = FusedAcousticDecoder(plain)
    latents = torch.zeros(4, 1, 64, device="cuda", dtype=torch.bfloat16)
    latents[0].normal_()
    context = torch.zeros(4, plain.context_size, device="cuda", dtype=torch.bfloat16)
    runs = torch.arange(4, device="cuda") == 0
    expected_context = context.clone()
    expected = [fused.advance(latents, expected_context, runs) for _ in range(2)]
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        samples = fused.advance(latents, context, runs)
    for one in expected:
        graph.replay()
        assert one.isfinite().all()
        assert torch.equal(one, samples)
    assert torch.equal(context, expected_context)
