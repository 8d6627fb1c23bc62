"""`python -m vvcli.voicelab COMMAND`: the embedded voice, step by step.

Each step reads and writes one work folder, keeps what is already there, and continues a
training that was interrupted.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from vvcli.voicelab.adversarial import train_adversarial
from vvcli.voicelab.copy_synthesis import copy_synthesis
from vvcli.voicelab.evaluate import evaluate, recite, sets_of
from vvcli.voicelab.export import export
from vvcli.voicelab.judges import packages as judges
from vvcli.voicelab.judges.panel import Panel
from vvcli.voicelab.judges.peers import compare
from vvcli.voicelab.language import train_language
from vvcli.voicelab.latents import FILE, Latents, extract
from vvcli.voicelab.lease import lease
from vvcli.voicelab.packages import install, use
from vvcli.voicelab.parts import GROUPS, pack, unpack
from vvcli.voicelab.phonemes import write_phonemes
from vvcli.voicelab.restore import ENCODER, restore, save_encoder
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.spectral import train_spectral
from vvcli.voicelab.teach import load_recordings, read_lines, teach
from vvcli.voicelab.teacher.kokoro import Kokoro
from vvcli.voicelab.texts import Sources, prepare

LINES, HELD_OUT, WORDS, AUDIO = "lines", "held_out", "words", "audio"
JUDGES, SPEECH = "judges", "speech"
ASSETS = Path(__file__).parents[1] / "assets"


def main() -> None:
    """Run the step that the command line names."""
    options = _parser().parse_args()
    settings, work, device = Settings(), options.work, torch.device(options.device)
    if options.depths:
        settings = replace(settings, shapes=replace(settings.shapes, depths=options.depths))
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU; no effect on a CPU
    torch.backends.cudnn.allow_tf32 = True
    packages = options.packages or work / "packages"
    speech = getattr(options, "speech", None) or work / SPEECH
    use(packages)
    work.mkdir(parents=True, exist_ok=True)
    if options.step == "packages":
        install(packages)
    elif options.step == "texts":
        found = prepare(settings.texts, Sources(options.debian, options.npm))
        for name, texts in found.items():
            (work / f"{name}.txt").write_text("\n".join(texts), "utf-8")
    elif options.step == "phonemes":
        for name in (LINES, HELD_OUT, WORDS):
            write_phonemes(work / f"{name}.txt", work / f"{name}.tsv")
    elif options.step == "teach":
        teacher = Kokoro(settings, packages, device)
        lines = read_lines(work / f"{options.lines}.tsv", settings, teacher)
        teach(settings, teacher, lines[: options.count], work / options.audio, options.minutes)
    elif options.step in ("autoencoder", "decoder"):
        torch.backends.cudnn.benchmark = True
        samples = load_recordings(work / AUDIO, options.shards).samples
        times = options.minutes, options.later
        if options.step == "autoencoder":
            train_spectral(settings, samples, work, device, *times)
        else:
            how = {"frozen": not options.encoder_too, "anew": options.anew, "share": options.share}
            train_adversarial(settings, samples, work, device, *times, **how)
    elif options.step == "copy":
        held_out = load_recordings(work / options.audio)
        copy_synthesis(settings, held_out, work, options.output or work / "copies", device)
    elif options.step == "latents":
        extract(settings, load_recordings(work / AUDIO), work, device).save(work / FILE)
    elif options.step == "train":
        latents = Latents.load(work / FILE)
        times = options.minutes, options.later
        train_language(settings, latents, work, device, *times, anew=options.anew)
    elif options.step == "export":
        export(settings, work, options.output)
        save_encoder(settings, work, work / ENCODER)
    elif options.step == "restore":
        restore(settings, options.model, options.encoder, work)
    elif options.step == "pack":
        pack(work, options.output, options.names)
    elif options.step == "unpack":
        unpack(settings, options.folders, work)
    elif options.step == "lease":
        common = ["--work", str(work), "--packages", str(packages), "--device", options.device]
        common += ["--depths", settings.shapes.depths]
        outcomes = lease(
            options.stages, common, work, options.output, options.names, options.minutes
        )
        print("\n".join(outcomes))  # noqa: T201
    elif options.step == "judges":
        judges.install(work / JUDGES)
    elif options.step == "recite":
        recite(settings, options.model, work, options.count, speech, device.type)
    elif options.step == "evaluate":
        panel = Panel(work / JUDGES, work / "verdicts")
        print(evaluate(settings, options.model, work, panel, options.count, speech))  # noqa: T201
        if options.peers:
            judged = sets_of(settings, 0, work, options.count)[HELD_OUT]
            print(compare(panel, judged, work / "peers", packages))  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vvcli.voicelab", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("voicelab-work"), help="work folder")
    parser.add_argument("--packages", type=Path, help="folder of packages (default: in WORK)")
    parser.add_argument("--depths", help="blocks of the decoder's stages, as 2-2-3-3-3-2")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
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
    step.add_argument(
        "--encoder",
        type=Path,
        default=Path(__file__).parent / ENCODER,
        help="what export wrote (default: that of the shipped model)",
    )
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
    step.add_argument("--peers", action="store_true", help="judge other synthesizers, too")
    return parser


def _add_times(step: argparse.ArgumentParser) -> None:
    step.add_argument("--minutes", type=float, help="end after this time at the latest")
    step.add_argument("--later", type=float, default=0.0, help="minutes of runs after this one")


def _add_anew(step: argparse.ArgumentParser) -> None:
    step.add_argument("--anew", action="store_true", help="start the schedule again")


if __name__ == "__main__":
    main()
