"""Random hostile inputs: a model folder, a voice, a config file, an environment, a command line.

Run as a program, it tries those of the numbers it is given, in this process, under a limit of
memory and of time for each, and prints a JSON object a case. `test_hostile_inputs` judges them.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

DATA = Path(__file__).parents[1] / "data" / "tiny"
MODEL_FILES = ("config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors")

SECONDS = 20  # of a processor, for one case, of which the slowest take two
WAIT = 90  # seconds, in which a case ends on a machine that has much else to do
MEMORY = 3 << 30  # bytes of address space beyond what is used when the cases begin

WORDS = [
    "a",
    "",
    " ",
    "auto",
    "embedded",
    "Ada",
    "cpu",
    "5",
    "true",
    "null",
    "é",
    "日本",
    "-",
    "--",
]
EVIL = [
    "\x1b[2J",
    "a\nvvcli: fine",
    "\u202eb",
    "\udcff",
    "~nobody/x",
    "a/b..c",
    "a/b.git",
    "a/b--c",
]
EVIL += [
    "x" * 300,
    "y/" * 1000,
    "9" * 5000,
    "/dev/zero",
    "fifo",
    "loop",
    "loop/x",
    ".",
    "/",
    "%s{}",
]
NUMBERS: list[Any] = [0, -1, 1, 2, 3, 7, 255, 1 << 16, 1 << 20, 1 << 31, 1 << 63, 1 << 64, 10**400]
NUMBERS += [0.0, -0.0, 0.5, 1e-300, 1e300, float("inf"), float("nan"), 1.5, -1e9]


@dataclass
class Case:
    """What is run, in a folder that was made for it."""

    folder: Path
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b"Hello there.\nYes.\n"


def value(rng: random.Random, depth: int = 0) -> Any:
    """Any value of JSON."""
    kind = rng.randrange(6 if depth < 3 else 5)
    if kind == 0:
        return rng.choice(NUMBERS)
    if kind in (1, 2):
        return rng.choice(WORDS + EVIL)
    if kind == 3:
        return rng.choice([None, True, False])
    items = [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 4:
        return items * (rng.choice([1, 1, 1000]) if depth == 3 else 1)
    return {rng.choice(["type", "a", "Regex", "String", *WORDS]): item for item in items}


def places(content: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything in `content`, the vocabulary's tokens apart."""
    found = [way] if way else []
    if isinstance(content, dict) and len(content) < 100:
        for key in content:
            found += places(content[key], (*way, key))
    elif isinstance(content, list) and len(content) < 100:
        for i in range(len(content)):
            found += places(content[i], (*way, i))
    return found


def spoil(rng: random.Random, content: Any) -> None:
    """Replace, remove or add up to three things in `content`."""
    for _ in range(rng.randint(1, 3)):
        ways = places(content)
        if not ways:
            return
        *way, last = rng.choice(ways)
        at = content
        for key in way:
            at = at[key]
        if rng.random() < 0.2:
            del at[last]
        else:
            at[last] = value(rng)


def parts_of_tokenizer(rng: random.Random) -> dict[str, Any]:
    replace = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa" * 50}
    normalizers: list[Any] = [
        {"type": "Sequence", "normalizers": [replace] * rng.choice([1, 8, 40])},
        {"type": "Precompiled", "precompiled_charsmap": rng.choice(["", "AAAA", "!"])},
        {"type": rng.choice(["NFC", "Strip", "StripAccents", "Prepend", "BertNormalizer"])},
    ]
    pre_tokenizers: list[Any] = [
        {"type": "FixedLength", "length": 0},
        {"type": "Split", "pattern": {"Regex": rng.choice(["(a+)+$", "(", "", "(.*)*x"])},
         "behavior": "Isolated", "invert": False},
        {"type": rng.choice(["Metaspace", "UnicodeScripts", "CharDelimiterSplit", "Digits"])},
    ]  # fmt: skip
    part = rng.choice(["normalizer", "pre_tokenizer", "model"])
    if part == "model":
        kind = rng.choice(["WordLevel", "WordPiece", "Unigram", "BPE"])
        return {"model": {"type": kind, "vocab": {"a": 1, "b": 2}, "unk_token": "[UNK]"}}
    return {part: rng.choice(normalizers if part == "normalizer" else pre_tokenizers)}


def new_model(folder: Path) -> Path:
    model = folder / "model"
    (model / "voices").mkdir(parents=True)
    for name in MODEL_FILES:
        (model / name).symlink_to(DATA / name)
    for voice in (DATA / "voices").iterdir():
        (model / "voices" / voice.name).symlink_to(voice)
    return model


def of_json(name: str) -> Callable[[random.Random, Path], Case]:
    """A model with a spoilt JSON file."""

    def make(rng: random.Random, folder: Path) -> Case:
        model = new_model(folder)
        content = json.loads((DATA / name).read_text())
        if name == "tokenizer.json" and rng.random() < 0.5:
            content |= parts_of_tokenizer(rng)
        else:
            spoil(rng, content)
        (model / name).unlink()
        (model / name).write_text(json.dumps(content))
        return Case(folder, ["speak", "-m", str(model)])

    return make


def spoilt_bytes(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    near = min(len(data), 3000)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(near if rng.random() < 0.8 else len(data))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(data))] if rng.random() < 0.2 else changed)


def spoilt_header(rng: random.Random, data: bytes) -> bytes:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    spoil(rng, header if rng.random() < 0.5 else rng.choice(list(header.values())))
    encoded = json.dumps(header).encode()
    said = rng.choice([len(encoded)] * 5 + [0, 1 << 62, len(encoded) - 1])
    return struct.pack("<Q", said) + encoded + data[8 + length :]


def of_weights(rng: random.Random, folder: Path) -> Case:
    model = new_model(folder)
    path = model / "model.safetensors"
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(rng.choice([spoilt_header, spoilt_bytes])(rng, data))
    if rng.random() < 0.2:
        os.truncate(path, rng.choice([0, 8, 20 << 30]))
    return Case(folder, ["speak", "-m", str(model)])


def of_voice(rng: random.Random, folder: Path) -> Case:
    model = new_model(folder)
    path = folder / "v.pt"
    data = (DATA / "voices" / "tiny-Ada_woman.pt").read_bytes()
    if rng.random() < 0.5:
        from vvcli.checkpoint.voices import read_voice_tensors, save_voice

        path = folder / "v.safetensors"
        save_voice(read_voice_tensors(DATA / "voices" / "tiny-Ada_woman.pt"), path)
        data = spoilt_header(rng, path.read_bytes())
    path.write_bytes(spoilt_bytes(rng, data) if path.suffix == ".pt" else data)
    if rng.random() < 0.2:
        os.truncate(path, rng.choice([0, 8, 20 << 30]))
    if rng.random() < 0.3:
        return Case(folder, ["voices", "convert", str(path), str(folder / "o.safetensors")])
    return Case(folder, ["speak", "-m", str(model), "-V", str(path)])


KEYS = ["seed", "voice", "gap", "model", "streams", "format", "rate", "steps", "cfg-scale", "quiet"]
KEYS += [
    "split",
    "device",
    "dtype",
    "max-ahead",
    "progress",
    "input",
    "output",
    "summary",
    "follow",
]
TOML = [
    "1e400",
    "-1",
    "0",
    "true",
    "'Ada'",
    "3",
    "[]",
    "[[1]]",
    "{}",
    "{a = 1}",
    "2026-11-26",
    "nan",
]
TOML += [
    "07:32:00",
    '"a\\u0000b"',
    "inf",
    "'" + "x" * 300 + "'",
    "9" * 5000,
    "[" * 2000,
    '"\\u202e"',
]


def of_config(rng: random.Random, folder: Path) -> Case:
    lines = [f"{rng.choice(KEYS)} = {rng.choice(TOML)}" for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.5:
        lines.insert(
            0, rng.choice(["[speak]", "[batch]", "[bench]", "[voices]", "[x]", "[[speak]]"])
        )
    path = folder / rng.choice(["config.toml", "a\x1b[2Jb"])
    path.write_text("\n".join(lines))
    if rng.random() < 0.2:
        path = Path(
            rng.choice(["/dev/zero", str(folder / "fifo"), str(folder / "loop"), "x" * 300])
        )
    return Case(folder, ["speak", "-m", str(DATA)], {"VVCLI_CONFIG": str(path)})


VARIABLES = ["MODEL", "VOICE", "SEED", "GAP", "STREAMS", "FORMAT", "RATE", "STEPS", "CFG_SCALE"]
VARIABLES += ["SPLIT", "DEVICE", "DTYPE", "PROGRESS", "CONFIG"]


def of_environment(rng: random.Random, folder: Path) -> Case:
    values = WORDS + EVIL + [str(number)[:6000] for number in NUMBERS]
    found = {"VVCLI_MODEL": str(DATA)}
    for _ in range(rng.randint(1, 2)):
        found[f"VVCLI_{rng.choice(VARIABLES)}"] = rng.choice(values)
    return Case(folder, ["speak"], found)


OPTIONS = ["-m", "-V", "-i", "-o", "-f", "-r", "-j", "-d", "--cues", "--summary", "--seed", "--gap"]
OPTIONS += ["--steps", "--cfg-scale", "--max-ahead", "--device", "--dtype", "--name", "--delimiter"]
OPTIONS += ["--dry-run", "--jsonl", "--paragraphs", "-0", "-q", "--progress", "--split", "--join"]


def of_arguments(rng: random.Random, folder: Path) -> Case:
    values = WORDS + EVIL + [str(number)[:6000] for number in NUMBERS] + ["o.wav", "text.txt"]
    command = list(rng.choice([["speak"], ["speak", "-m", str(DATA)], ["batch", "-m", str(DATA)],
                          ["voices", "list"], ["voices", "convert"], ["models", "path"],
                          ["format"], ["check"], ["completion"], []]))  # fmt: skip
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.5:
            command += [rng.choice(OPTIONS), rng.choice(values)]
        else:  # what may be spoken is short: that it takes its time is no fault
            command += [rng.choice(WORDS if command[:1] == ["speak"] else values)]
    return Case(folder, command)


def of_records(rng: random.Random, folder: Path) -> Case:
    keys = ["text", "id", "voice", "output", "seed", "cfg_scale", "silence_after", "x"]
    lines = []
    for _ in range(3):
        record = {"text": "Yes."} | {rng.choice(keys): value(rng) for _ in range(rng.randint(0, 3))}
        if rng.random() < 0.2:
            record["text"] = rng.choice(["x", "7", "é", "你。", "'"]) * rng.choice([100, 1000])
        lines.append(json.dumps(record).encode())
    if rng.random() < 0.3:
        lines.append(rng.choice([b"\xff", b"[" * 100_000, b"{", b"9" * 5000, b'{"text": NaN}']))
    (folder / "r.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    target = str(folder / "o")
    if rng.random() < 0.5:
        return Case(folder, ["batch", str(folder / "r.jsonl"), "-d", target, "-m", str(DATA)])
    return Case(folder, ["speak", "--jsonl", "-i", str(folder / "r.jsonl"), "-m", str(DATA)])


KINDS: list[Callable[[random.Random, Path], Case]] = [
    of_json("tokenizer.json"),
    of_json("config.json"),
    of_json("preprocessor_config.json"),
    of_weights,
    of_voice,
    of_config,
    of_environment,
    of_arguments,
    of_arguments,
    of_records,
]


class TooLongError(BaseException):
    """A case took longer than SECONDS of a processor, or WAIT."""


def run_case(number: int) -> dict[str, Any]:
    """Case `number`, and how it ended."""
    from vvcli.cli.environment import Environment
    from vvcli.cli.main import run

    rng = random.Random(number)  # noqa: S311 - the same cases for the same numbers
    folder = Path(tempfile.mkdtemp())
    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to("loop")
    (folder / "text.txt").write_text("Yes.\n")
    case = KINDS[number % len(KINDS)](rng, folder)
    before, start = dict(os.environ), time.monotonic()
    os.environ.update(case.environment)
    os.chdir(folder)
    (folder / "stdin").write_bytes(case.stdin)
    said, printed, ended = io.StringIO(), io.TextIOWrapper(io.BytesIO(), "utf-8"), "status"
    signal.alarm(WAIT)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with (
            (folder / "stdin").open("rb") as source,
            (folder / "stdout").open("wb") as target,
            redirect_stdout(printed),
            redirect_stderr(said),
        ):
            status = int(run(case.arguments, Environment(said, source.fileno(), target.fileno())))
    except BaseException as error:
        ended, status = f"{type(error).__name__}: {error}", -1
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.environ.clear()
        os.environ.update(before)
        os.chdir("/")
        shutil.rmtree(folder, ignore_errors=True)
    printed.flush()
    return {
        "number": number,
        "arguments": [argument[:200] for argument in case.arguments],
        "environment": {name: value[:200] for name, value in case.environment.items()},
        "ended": ended,
        "status": status,
        "said": said.getvalue(),
        "printed": printed.buffer.getvalue().decode("utf-8", "replace"),
        "seconds": time.monotonic() - start,
    }


def main() -> None:
    """Try the cases that the command line numbers: FIRST COUNT."""
    first, count = map(int, sys.argv[1:])
    run_case(-1)  # loads all there is to load

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise TooLongError

    signal.signal(signal.SIGALRM, too_long)
    signal.signal(signal.SIGPROF, too_long)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 35, 1 << 35))
    for number in range(first, first + count):
        print(json.dumps({"begun": number}), flush=True)  # noqa: T201 - for the test
        print(json.dumps(run_case(number)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
