"""Random acoustic decoders and their float64 twins; run as a program, a check without a GPU.

Triton's interpreter truncates where a GPU rounds to bfloat16, so its errors are about twice those
of the plain module; an error of indexing or of arithmetic is far larger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vvcli.model.acoustic_decoder import AcousticDecoder
from vvcli.model.config import AcousticDecoderConfig

SMALL = AcousticDecoderConfig(
    latent_size=16, filters=16, ratios=(3, 2), depths=(2, 1, 1), norm_eps=1e-5
)
LARGE = AcousticDecoderConfig(
    latent_size=64,
    filters=32,
    ratios=(8, 5, 5, 4, 2, 2),
    depths=(8, 3, 3, 3, 3, 3, 3),
    norm_eps=1e-5,
)


def random_decoder(
    config: AcousticDecoderConfig, device: str, seed: int = 0
) -> tuple[AcousticDecoder, AcousticDecoder]:
    """A bfloat16 decoder whose blocks matter, and the same weights in float64."""
    with torch.device("meta"):
        plain, exact = AcousticDecoder(config), AcousticDecoder(config)
    plain = plain.to_empty(device=device).to(torch.bfloat16)
    generator = torch.Generator(device).manual_seed(seed)
    for name, parameter in plain.named_parameters():
        shape = parameter.shape
        value = torch.randn(shape, generator=generator, device=device)
        if "gamma" in name:
            value = 0.1 + 0.5 * torch.rand(shape, generator=generator, device=device)
        elif name.endswith("norm.weight"):
            value = 1 + 0.2 * value
        elif name.endswith("bias"):
            value = 0.1 * value
        else:
            value *= parameter[0].numel() ** -0.5
        parameter.data.copy_(value)
    exact = exact.to_empty(device=device).to(torch.float64)
    exact.load_state_dict(plain.state_dict())
    return plain.requires_grad_(False), exact.requires_grad_(False)


def relative_error(value: Tensor, reference: Tensor) -> float:
    """‖value - reference‖ / ‖reference‖, in float64; both are poison if they hold a NaN."""
    reference = reference.double()
    return float((value.double() - reference).norm() / reference.norm())


@dataclass
class Errors:
    """The worst relative errors over some frames: of samples and of contexts."""

    samples: float = 0.0
    context: float = 0.0

    def note(self, samples: float, context: float) -> None:
        """Take in a frame; a NaN stays."""
        self.samples = samples if not samples <= self.samples else self.samples
        self.context = context if not context <= self.context else self.context


@torch.inference_mode()
def compare(
    plain: AcousticDecoder,
    exact: AcousticDecoder,
    streams: int,
    frames: int,
    multiprocessors: int | None = None,
) -> tuple[Errors, Errors]:
    """Errors of the kernels and of the plain module; streams pause now and then.

    The tiles are those for the card at hand, or for one with as many multiprocessors as are given.

    Contexts of the two are compared with the float64 ones, and paused ones with what they were.
    """
    from vvcli.engine.backends.triton.acoustic.decoder import FusedAcousticDecoder
    from vvcli.engine.backends.triton.common.card import card_of

    device = plain.head.linear.weight.device
    card = card_of(device)
    if multiprocessors is not None:
        card = replace(card, multiprocessors=multiprocessors)
    fused = FusedAcousticDecoder(plain, card)
    contexts = [
        torch.zeros(streams, plain.context_size, dtype=dtype, device=device)
        for dtype in (torch.bfloat16, torch.bfloat16, torch.float64)
    ]
    errors, own_errors = Errors(), Errors()
    generator = torch.Generator().manual_seed(1)
    for frame in range(frames):
        shape = (streams, 1, plain.config.latent_size)
        latents = torch.randn(shape, generator=generator).to(device, torch.bfloat16)
        runs = torch.rand(streams, generator=generator) < 0.7
        runs[frame % streams] = True
        runs = runs.to(device)
        before = contexts[0].clone()
        samples = fused.advance(latents, contexts[0], runs)
        own = plain.advance(latents, contexts[1], runs)
        reference = exact.advance(latents.double(), contexts[2], runs)
        assert samples.dtype == torch.float32
        assert torch.equal(contexts[0][~runs], before[~runs])
        errors.note(relative_error(samples, reference), relative_error(contexts[0], contexts[2]))
        own_errors.note(relative_error(own, reference), relative_error(contexts[1], contexts[2]))
    return errors, own_errors


def main() -> None:
    """Check the kernels in the interpreter, blocks in one kernel and in three."""
    from tests.engine.kernels.conftest import repair_interpreter
    from vvcli.engine.backends.triton.acoustic import tiles as acoustic_tiles
    from vvcli.engine.backends.triton.acoustic.tiles import BlockTile
    from vvcli.engine.backends.triton.common.tile import Tile

    repair_interpreter()
    acoustic_tiles.BLOCK_TILES = {
        32: {99: BlockTile(16, 64, 4, 1, programs_per_sm=1, keep_weights=True)}
    }
    # One of each kind, in few programs: the interpreter takes a program's time for any number of
    # elements.
    acoustic_tiles.MEASURED_TILES = {
        (256, 64): {4: Tile(1, 64, 1, 4, 1)},
        (64, 256): {4: Tile(16, 32, 128, 4, 2, split_k=2)},
        (32, 128): {10: Tile(1, 8, 1, 4, 1)},
    }

    torch.use_deterministic_algorithms(True)  # so that memory nobody writes is NaN
    plain, exact = random_decoder(SMALL, "cpu")
    for decoder in (plain, exact):  # blocks that scale the sums of their second product differently
        decoder.get_parameter("stages.0.1.ffn_gamma").data *= 0.25
    for widest, cublas_rows, frames in ((32, {}, 2), (0, {}, 1), (0, {64: 2, 32: 6}, 1)):
        acoustic_tiles.FUSED_WIDTH, acoustic_tiles.CUBLAS_ROWS = widest, cublas_rows
        errors, own = compare(plain, exact, streams=2, frames=frames, multiprocessors=1)
        print(widest, cublas_rows, errors, own)  # noqa: T201
        assert errors.samples < 4 * own.samples, (errors, own)
        assert errors.context < 4 * own.context, (errors, own)


if __name__ == "__main__":
    main()
