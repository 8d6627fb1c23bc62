"""The commands of `python -m vvcli.voicelab`: which functions they are."""

from __future__ import annotations

import argparse
from dataclasses import replace

import torch

from vvcli.voicelab.adversarial import train_adversarial
from vvcli.voicelab.command_line import AUDIO, HELD_OUT, LINES, WORDS
from vvcli.voicelab.copy_synthesis import copy_synthesis
from vvcli.voicelab.evaluate import evaluate, recite, sets_of
from vvcli.voicelab.export import export
from vvcli.voicelab.judges import packages as judges
from vvcli.voicelab.judges import paired
from vvcli.voicelab.judges.panel import Panel
from vvcli.voicelab.judges.peers import compare
from vvcli.voicelab.language import train_language
from vvcli.voicelab.latents import FILE, Latents, extract
from vvcli.voicelab.lease import lease
from vvcli.voicelab.packages import install, use
from vvcli.voicelab.parts import pack, unpack
from vvcli.voicelab.phonemes import write_phonemes
from vvcli.voicelab.restore import ENCODER, restore, save_encoder
from vvcli.voicelab.settings import Settings
from vvcli.voicelab.spectral import train_spectral
from vvcli.voicelab.teach import load_recordings, read_lines, teach
from vvcli.voicelab.teacher.kokoro import Kokoro
from vvcli.voicelab.texts import Sources, prepare

JUDGES, SPEECH = "judges", "speech"


def run(options: argparse.Namespace) -> None:
    """Run the command that `options`, of `command_line.parse`, name."""
    settings, work = Settings(), options.work
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
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
        common = ["--work", str(work), "--packages", str(packages), "--device", str(device)]
        common += ["--depths", settings.shapes.depths]
        outcomes = lease(
            options.stages, common, work, options.output, options.names, options.minutes
        )
        print("\n".join(outcomes))  # noqa: T201
    elif options.step == "judges":
        judges.install(work / JUDGES)
    elif options.step == "recite":
        recite(settings, options.model, work, options.count, speech, device.type, options.steps)
    elif options.step == "compare":
        panel, rows = Panel(work / JUDGES, work / "verdicts"), []
        for i, voice in enumerate(settings.voices):
            judged = sets_of(settings, i, work, options.count)[HELD_OUT]
            folders = [folder / voice.name / HELD_OUT for folder in options.folders]
            rows.append((voice.name, *paired.compare(panel, judged, *folders)))
        print(paired.table(rows))  # noqa: T201
    elif options.step == "evaluate":
        panel = Panel(work / JUDGES, work / "verdicts")
        print(evaluate(settings, options.model, work, panel, options.count, speech))  # noqa: T201
        if options.peers:
            judged = sets_of(settings, 0, work, options.count)[HELD_OUT]
            print(compare(panel, judged, work / "peers", packages))  # noqa: T201
