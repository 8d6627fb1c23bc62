"""`python -m vvcli.voicelab COMMAND`: the embedded voice, step by step.

Each step reads and writes one work folder, keeps what is already there, and continues a
training that was interrupted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from vvcli.voicelab.adversarial import train_adversarial
from vvcli.voicelab.evaluate import evaluate
from vvcli.voicelab.export import export
from vvcli.voicelab.language import train_language
from vvcli.voicelab.latents import FILE, Latents, extract
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.spectral import train_spectral
from vvcli.voicelab.teach import load_recordings, teach
from vvcli.voicelab.texts import prepare

LINES, HELD_OUT, AUDIO = "lines.txt", "held_out.txt", "audio"
ASSETS = Path(__file__).parents[1] / "assets"


def main() -> None:
    """Run the step that the command line names."""
    options = _parser().parse_args()
    settings, work, device = Settings(), options.work, torch.device(options.device)
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU; no effect on a CPU
    torch.backends.cudnn.benchmark = True
    work.mkdir(parents=True, exist_ok=True)
    if options.step == "texts":
        lines, held_out = prepare(settings.texts)
        (work / LINES).write_text("\n".join(lines), "utf-8")
        (work / HELD_OUT).write_text("\n".join(held_out), "utf-8")
    elif options.step == "teach":
        teach(settings, _lines(work / LINES), work / AUDIO, options.processes)
    elif options.step in ("autoencoder", "decoder"):
        train = train_spectral if options.step == "autoencoder" else train_adversarial
        samples = load_recordings(work / AUDIO, options.shards).samples
        train(settings, samples, work, device, options.minutes)
    elif options.step == "latents":
        extract(settings, load_recordings(work / AUDIO), work, device).save(work / FILE)
    elif options.step == "train":
        train_language(settings, Latents.load(work / FILE), work, device, options.minutes)
    elif options.step == "export":
        export(settings, work, options.output)
    elif options.step == "evaluate":
        sentences = _lines(work / HELD_OUT)
        print(evaluate(settings, options.model, sentences, options.count))  # noqa: T201


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vvcli.voicelab", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("voicelab-work"), help="work folder")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("texts", help="prepare the lines and the held-out sentences")
    step = steps.add_parser("teach", help="have the teacher speak them")
    step.add_argument("--processes", type=int, help="how many at once (default: all cores)")
    for name, what in (
        ("autoencoder", "train encoder and decoder on spectra"),
        ("decoder", "train the decoder against discriminators"),
    ):
        step = steps.add_parser(name, help=what)
        step.add_argument("--shards", type=int, help="use only so many shards of recordings")
        step.add_argument("--minutes", type=float, help="end after this time at the latest")
    steps.add_parser("latents", help="encode the recordings")
    step = steps.add_parser("train", help="train LM, diffusion head and EOS head")
    step.add_argument("--minutes", type=float, help="end after this time at the latest")
    step = steps.add_parser("export", help="write the model folder")
    step.add_argument("--output", type=Path, default=ASSETS)
    step = steps.add_parser("evaluate", help="print the table of what was reached")
    step.add_argument("--model", type=Path, default=ASSETS)
    step.add_argument("--count", type=int, default=200, help="sentences for each voice")
    return parser


if __name__ == "__main__":
    main()
