"""Compiles every kernel and tile for the cards people have, without one.

    python -m vvcli.bench.compile_targets [--shape NAME] [CAPABILITY...]

Prints shared memory, registers and stack of each, and ends with 1 if one does not fit its card.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from vvcli.bench.cubin import Needs, read_needs
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends.triton.common.card import SHARED_MEMORY, Card
from vvcli.engine.backends.triton.offline import Options, compiling_for, walk_steps
from vvcli.engine.sizes import StepSize
from vvcli.model.config import ModelConfig
from vvcli.speech.kernels import MULTIPROCESSORS

# A card of each capability.
CARDS = {
    "8.0": "A100",
    "8.6": "RTX 3090",
    "8.9": "RTX 4090",
    "9.0": "H100",
    "10.0": "B200",
    "12.0": "RTX 5090",
}

# A number of streams for every row of the tables of tiles, with and without text.
STREAMS = (1, 2, 4, 8, 16, 32, 64, 96, 128, 256, 384, 512, 1024)
SIZES = [StepSize(0, 4), StepSize(0, 32), StepSize(0, 256)] + [
    StepSize(streams, windows) for streams in STREAMS for windows in (0, max(4, streams // 4))
]

REGISTERS = 65536  # of a multiprocessor, which one program may use up


@dataclass(frozen=True)
class Compiled:
    """A kernel as it was compiled for one card."""

    kernel: str
    tile: str
    warps: int
    shared_memory: int  # bytes of a program
    needs: Needs | None  # None where the cubin is in a form not known

    def fits(self, card: Card) -> bool:
        """Whether a program of it can start on `card`."""
        registers = self.needs.registers * 32 * self.warps if self.needs else 0
        return self.shared_memory <= card.shared_memory and registers <= REGISTERS


def card_for(capability: str) -> Card:
    """The card that stands for `capability`, such as "8.6"."""
    major, minor = map(int, capability.split("."))
    return Card((major, minor), SHARED_MEMORY[major, minor], MULTIPROCESSORS[capability])


def compile_kernels(
    config: ModelConfig, card: Card, sizes: Iterable[StepSize], *, one_each: bool = False
) -> list[Compiled]:
    """The kernels of steps of these sizes; with `one_each`, only the first tile of each."""
    found: dict[str, Compiled] = {}
    names: set[str] = set()

    def wanted(kernel: str, _: Options) -> bool:
        return not (one_each and kernel in names)

    def done(kernel: str, options: Options, compiled: object) -> None:
        names.add(kernel)
        metadata = compiled.metadata  # type: ignore[attr-defined]
        if metadata.hash not in found:
            found[metadata.hash] = Compiled(
                kernel,
                describe_tile(options),
                metadata.num_warps,
                metadata.shared,
                _needs(compiled.asm["cubin"]),  # type: ignore[attr-defined]
            )

    with compiling_for(card.capability, wanted, done):
        walk_steps(config, card, sizes, solver_steps=5)
    return list(found.values())


def describe_tile(options: Options) -> str:
    """What a kernel was compiled for: `64x128x64 s3 w4 split 2 N=896 K=4864`."""
    blocks = [options[name] for name in ("BLOCK_M", "BLOCK_N", "BLOCK_K") if name in options]
    words = ["x".join(map(str, blocks))] if blocks else []
    words += [f"s{options['num_stages']}"] if "num_stages" in options else []
    words += [f"w{options['num_warps']}"] if "num_warps" in options else []
    names = ("SPLIT", "SPLITS", "KEYS", "QUERIES", "N", "K", "H", "C", "BLOCK_C", "BLOCK_HIDDEN")
    words += [f"{name}={options[name]}" for name in names if options.get(name, 1) != 1]
    return " ".join([*words, *(["KEEP"] if options.get("KEEP") else [])])


def _needs(cubin: bytes) -> Needs | None:
    try:
        needs = read_needs(cubin)
    except ValueError:
        return None
    return needs if needs.registers else None  # from 10.0 on they are kept elsewhere


def _print_card(capability: str, compiled: list[Compiled]) -> int:
    """Print the kernels for a card, and how many do not fit; returns that."""
    card, name = card_for(capability), CARDS[capability]
    beyond = [kernel for kernel in compiled if not kernel.fits(card)]
    print(  # noqa: T201
        f"\n{capability} ({name}, {card.multiprocessors} multiprocessors, "
        f"{card.shared_memory // 1024} KB a program): {len(compiled)} kernels, "
        f"{len(beyond)} do not fit"
    )
    print(f"{'KB':>6} {'registers':>9} {'stack':>6} {'fits':>5}  kernel")  # noqa: T201
    for kernel in sorted(compiled, key=lambda one: (one.kernel, -one.shared_memory)):
        registers = kernel.needs.registers if kernel.needs else "?"
        stack = kernel.needs.stack if kernel.needs else "?"
        fits = "yes" if kernel.fits(card) else "NO"
        print(  # noqa: T201
            f"{kernel.shared_memory / 1024:>6.1f} {registers:>9} {stack:>6} {fits:>5}  "
            f"{kernel.kernel} {kernel.tile}"
        )
    sys.stdout.flush()
    return len(beyond)


def main() -> int:
    """Compile for the capabilities that are named, or for all."""
    parser = argparse.ArgumentParser(prog="python -m vvcli.bench.compile_targets")
    parser.add_argument("capability", nargs="*", help=f"of {', '.join(CARDS)}; default: all")
    parser.add_argument("--shape", default="realtime-0.5b", choices=SHAPES)
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.capability if name not in CARDS]:
        parser.error(f"no capability {unknown[0]!r}: use {', '.join(CARDS)}")
    config = ModelConfig.from_dict(SHAPES[arguments.shape])
    beyond = 0
    for capability in arguments.capability or CARDS:
        compiled = compile_kernels(config, card_for(capability), SIZES)
        beyond += _print_card(capability, compiled)
    return int(beyond > 0)


if __name__ == "__main__":
    sys.exit(main())
