"""The command line of `python -m vvcli.voicelab`; nothing that takes long to import is needed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from vvcli.voicelab.settings import GROUPS

DESCRIPTION = """`python -m vvcli.voicelab COMMAND`: the embedded voice, step by step.

Each step reads and writes one work folder, keeps what is already there, and continues a
training that was interrupted.
"""

LINES, HELD_OUT, WORDS, AUDIO = "lines", "held_out", "words", "audio"
ASSETS = Path(__file__).parents[1] / "assets"
SHIPPED_ENCODER = Path(__file__).with_name("encoder.safetensors")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of a command line, by default that of this process; `step` is the command.

    Raises:
        SystemExit: help was asked for, or the command line is wrong; both are printed.
    """
    parser = argparse.ArgumentParser(prog="python -m vvcli.voicelab", description=DESCRIPTION)
    parser.add_argument("--work", type=Path, default=Path("voicelab-work"), help="work folder")
    parser.add_argument("--packages", type=Path, help="folder of packages (default: in WORK)")
    parser.add_argument("--depths", help="blocks of the decoder's stages, as 2-2-3-3-3-2")
    parser.add_argument("--device", help="default: cuda, where there is a GPU, else cpu")
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("packages", help="install the teacher, by version and sha256")
    step = steps.add_parser("texts", help="prepare the lines, and what is judged")
    step.add_argument("--debian", type=Path, default=Path("/"), help="root of unpacked packages")
    step.add_argument("--npm", type=Path, default=Path("node_modules"), help="npm's folder")
    steps.add_parser("phonemes", help="write them as phonemes")
    step = steps.add_parser("teach", help="have the teacher speak them")
    step.add_argument("--lines", default=LINES, help=f"{LINES}, {HELD_OUT} or {WORDS}")
    step.add_argument("--audio", default=AUDIO, help="folder in WORK for the shards")
    step.add_argument("--count", type=int, help="only so many lines")
    step.add_argument("--minutes", type=float, help="start no shard after this time")
    for name, what in (
        ("autoencoder", "train encoder and decoder on spectra"),
        ("decoder", "train the decoder against discriminators"),
    ):
        step = steps.add_parser(name, help=what)
        step.add_argument("--shards", type=int, help="use only so many shards of recordings")
        _add_times(step)
    step.add_argument("--encoder-too", action="store_true", help="train the encoder, too")
    step.add_argument("--share", type=float, default=1.0, help="of the settings' learning rates")
    _add_anew(step)
    step = steps.add_parser("copy", help="write recordings and their copies, to be judged")
    step.add_argument("--audio", default="held_out_audio", help="folder in WORK of the shards")
    step.add_argument("--output", type=Path, help="folder for the files (default: in WORK)")
    steps.add_parser("latents", help="encode the recordings")
    step = steps.add_parser("train", help="train LM, diffusion head and EOS head")
    _add_times(step)
    _add_anew(step)
    step = steps.add_parser("export", help="write the model folder")
    step.add_argument("--output", type=Path, default=ASSETS)
    step = steps.add_parser("restore", help="write checkpoints from a model folder, to go on")
    step.add_argument("--model", type=Path, default=ASSETS)
    encoder = "what export wrote (default: that of the shipped model)"
    step.add_argument("--encoder", type=Path, default=SHIPPED_ENCODER, help=encoder)
    step = steps.add_parser("pack", help="write trained weights as parts of 15 MiB")
    step.add_argument("--output", type=Path, required=True, help="folder of the parts")
    step.add_argument("names", nargs="*", default=GROUPS, help="groups, or folders of WORK")
    step = steps.add_parser("unpack", help="write checkpoints from such parts")
    step.add_argument("folders", nargs="+", type=Path, help="of two, the later wins")
    step = steps.add_parser("lease", help="run several steps within a time, then pack")
    step.add_argument("--minutes", type=float, required=True, help="for all of them")
    step.add_argument("--output", type=Path, required=True, help="folder of the parts")
    step.add_argument("--pack", dest="names", nargs="+", default=GROUPS, help="as for pack")
    step.add_argument("stages", nargs="+", help="each a command line, as 'decoder --later 8'")
    steps.add_parser("judges", help="install the judges, by version and sha256")
    for name, what in (
        ("recite", "speak what is judged, on any machine"),
        ("evaluate", "print the table of what was reached"),
    ):
        step = steps.add_parser(name, help=what)
        step.add_argument("--model", type=Path, default=ASSETS)
        step.add_argument("--count", type=int, default=200, help="lines of a set for each voice")
        step.add_argument("--speech", type=Path, help="folder of what is spoken (default: in WORK)")
        if name == "recite":
            step.add_argument("--steps", type=int, help="solver steps (default: the model's own)")
    step.add_argument("--peers", action="store_true", help="judge other synthesizers, too")
    step = steps.add_parser("compare", help="print how the second of two recitals differs")
    step.add_argument("folders", nargs=2, type=Path, help="what `recite --speech` has written")
    step.add_argument("--count", type=int, default=200, help="lines of a set for each voice")
    return parser.parse_args(arguments)


def _add_times(step: argparse.ArgumentParser) -> None:
    step.add_argument("--minutes", type=float, help="end after this time at the latest")
    step.add_argument("--later", type=float, default=0.0, help="minutes of runs after this one")


def _add_anew(step: argparse.ArgumentParser) -> None:
    step.add_argument("--anew", action="store_true", help="start the schedule again")
