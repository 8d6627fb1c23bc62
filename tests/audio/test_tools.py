"""Other programs agree on rate, channels and length, of every format, from a pipe and a file.

What is exact: every sample of s16le, f32le, wav, au and flac. Opus has the right length; ffmpeg
decodes it to 48 kHz. An MP3 file has LAME's tag, and so the right length in readers that use it
(libsndfile, ffmpeg); from a pipe it is `MP3_DELAY` late and padded to whole frames. sox counts the
padding always.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from click.testing import CliRunner

from tests.audio.tools import completed, needs, output_of
from vvcli.audio.format_hint import reads
from vvcli.audio.formats import FORMATS
from vvcli.audio.output import Output
from vvcli.audio.output_file import open_output
from vvcli.audio.writer import open_writer
from vvcli.cli import format as format_module

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

COUNT = 48_123  # at 24 kHz
EXACT = ["s16le", "f32le", "wav", "au", "flac"]
MP3_DELAY = 1105  # of the encoder and the decoder together
CASES = [(name, 24000) for name in FORMATS] + [
    *[("s16le", 12345), ("f32le", 44100), ("wav", 22050), ("au", 16000), ("flac", 96000)],
    *[("opus", 16000), ("opus", 48000), ("mp3", 44100), ("mp3", 8000)],
]
SINKS = ["file", "pipe"]
CASES_AND_SINKS = [(*case, sink) for case in CASES for sink in SINKS]
each = pytest.mark.parametrize(("name", "rate", "sink"), CASES_AND_SINKS)


def write(name: str, output: Output, rate: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, COUNT)
    samples = (np.sin(np.arange(COUNT) / 9) / 3 + noise).astype(np.float32)
    writer = open_writer(name, output, rate, input_rate=24000)
    for start in range(0, COUNT, 4801):
        writer.write(samples[start : start + 4801])
    writer.finish()
    assert writer.samples == length(rate)


def length(rate: int) -> int:
    return round(COUNT * rate / 24000)


@cache
def made(name: str, rate: int, sink: str) -> bytes:
    if sink == "file":
        return _filed(name, rate)
    reader, writer = os.pipe()
    received = bytearray()

    def read() -> None:
        with os.fdopen(reader, "rb") as file:
            received.extend(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    with Output(writer, "pipe") as output:
        write(name, output, rate)
    thread.join()
    return bytes(received)


def _filed(name: str, rate: int) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "audio"
        with open_output(path) as output:
            write(name, output, rate)
        return path.read_bytes()


@cache
def pcm(rate: int) -> bytes:
    """The samples as 16 bits."""
    return made("s16le", rate, "pipe")


def hint(tool: str, name: str, rate: int) -> list[str]:
    """What `vvcli format` prints, as a shell splits it."""
    result = CliRunner().invoke(format_module.format, [f"--{tool}", "-f", name, "-r", str(rate)])
    assert result.exit_code == 0
    return shlex.split(result.stdout)


def decoded_length(name: str, rate: int, sink: str) -> range:
    """How many samples a decoder may find."""
    if name == "mp3":
        # Whole frames of 1152 or 576, the decoder's delay and a frame of the encoder's.
        most = length(rate) + MP3_DELAY + 2 * 1152
        return range(length(rate), most)
    return range(length(rate), length(rate) + 1)


@pytest.mark.parametrize("name", ["s16le", "f32le", "au", "wav"])
@pytest.mark.parametrize("rate", [24000, 44100])
def test_pcm_is_the_same_in_files_and_pipes(name: str, rate: int) -> None:
    filed, piped = made(name, rate, "file"), made(name, rate, "pipe")
    width = 4 if name == "f32le" else 2
    audio = width * length(rate)
    assert filed[-audio:] == piped[-audio:]
    if name != "f32le":
        assert np.array_equal(
            np.frombuffer(piped[-audio:], ">i2" if name == "au" else "<i2"),
            np.frombuffer(pcm(rate), "<i2"),
        )


@pytest.mark.parametrize(
    ("name", "rate", "sink"), [case for case in CASES_AND_SINKS if FORMATS[case[0]].has_header]
)
def test_soundfile(name: str, rate: int, sink: str, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(made(name, rate, sink))
    with soundfile.SoundFile(path) as file:
        assert (file.samplerate, file.channels) == (rate, 1)
        if (name, sink) == ("flac", "pipe"):
            # libsndfile cannot seek in FLAC of unknown length, and soundfile does after reading.
            assert file.frames == 2**63 - 1
            return
        samples = file.read(dtype="int16")
    if name in EXACT:
        assert samples.astype("<i2").tobytes() == pcm(rate)
    elif (name, sink) == ("mp3", "pipe"):
        assert len(samples) in decoded_length(name, rate, sink)
    else:
        assert len(samples) == length(rate)


@needs("ffmpeg", "ffprobe")
@each
def test_ffmpeg(name: str, rate: int, sink: str, tmp_path: Path) -> None:
    path = tmp_path / "audio"
    path.write_bytes(made(name, rate, sink))
    options = hint("ffmpeg", name, rate)
    entries = ["-show_entries", "stream=sample_rate,channels", "-of", "json"]
    told = output_of("ffprobe", "-v", "error", *options, *entries, str(path))
    (stream,) = json.loads(told)["streams"]
    # Opus is 48 kHz to ffmpeg, whatever was encoded.
    heard = 48000 if name == "opus" else rate
    assert stream == {"sample_rate": str(heard), "channels": 1}
    source = str(path) if sink == "file" else "-"
    command = ["ffmpeg", "-v", "error", *options, "-i", source, "-f", "s16le", "-"]
    samples = output_of(*command, data=made(name, rate, sink) if sink == "pipe" else b"")
    if name in EXACT and name != "f32le":
        assert samples == pcm(rate)
    elif (name, sink) == ("mp3", "pipe"):
        assert len(samples) // 2 in decoded_length(name, rate, sink)
    else:
        assert len(samples) == 2 * length(heard)


@needs("ffmpeg", "ffprobe")
@pytest.mark.parametrize(("name", "rate"), [("s16le", 24000), ("f32le", 12345), ("wav", 24000)])
def test_the_command_line_of_the_manual(name: str, rate: int, tmp_path: Path) -> None:
    (tmp_path / "audio").write_bytes(made(name, rate, "pipe"))
    vvcli = (
        f'{sys.executable} -c "from vvcli.cli.format import format; format()" -f {name} -r {rate}'
    )
    line = f"cat audio | ffmpeg -v error $({vvcli} --ffmpeg) -i - -ar 48000 out.opus"
    completed("bash", "-ec", line, folder=tmp_path)
    info = soundfile.info(tmp_path / "out.opus")
    assert (info.samplerate, info.channels) == (48000, 1)
    assert abs(info.frames - length(48000)) <= 1


@cache
def sox_reads(name: str) -> bool:
    return not FORMATS[name].has_header or name in output_of("sox", "--help").decode().split()


@needs("sox")
@each
def test_sox(name: str, rate: int, sink: str) -> None:
    if not sox_reads(name):
        pytest.skip(f"this sox was built without {name}")
    options = hint("sox", name, rate)
    to_pcm = ["-t", "raw", "-e", "signed-integer", "-b", "16", "-L", "-"]
    samples = output_of("sox", "-D", *options, "-", *to_pcm, data=made(name, rate, sink))
    if name in EXACT and name != "f32le":
        assert samples == pcm(rate)
    else:
        assert len(samples) // 2 in decoded_length(name, rate, sink)


@needs("sox")
def test_sox_has_nothing_to_complain_of() -> None:
    """Of a stream's header, whose length is the largest there is, it would: "Premature EOF"."""
    command = ["sox", "-D", *hint("sox", "wav", 24000), "-", "-t", "raw", "-"]
    assert completed(*command, data=made("wav", 24000, "pipe")).stderr == b""


@needs("ffplay")
@pytest.mark.parametrize("name", FORMATS)
def test_ffplay(name: str, tmp_path: Path) -> None:
    """What it plays, on SDL's device that is a file; the last buffer is not waited for."""
    command = ["ffplay", "-v", "error", *hint("ffplay", name, 24000), "-i", "-"]
    completed(
        *command,
        data=made(name, 24000, "pipe"),
        SDL_AUDIODRIVER="disk",
        SDL_DISKAUDIOFILE=str(tmp_path / "played"),
        SDL_DISKAUDIODELAY="1",
    )
    played = (tmp_path / "played").read_bytes()
    if name in EXACT and name != "f32le":
        # On a busy machine it plays silence where samples come late.
        assert pcm(24000)[:256] in played
    else:
        assert any(played)


@needs("pacat")
@pytest.mark.parametrize("name", [name for name in FORMATS if reads("pacat", name)])
def test_pacat_knows_the_options(name: str) -> None:
    assert b"wav" in output_of("pacat", *hint("pacat", name, 24000), "--list-file-formats")


@needs("pw-play")
@pytest.mark.parametrize("name", [name for name in FORMATS if reads("pw-play", name)])
def test_pw_play_knows_the_options(name: str) -> None:
    if b"--raw" not in output_of("pw-play", "--help"):
        pytest.skip("this pw-play takes raw samples without being told to")
    assert output_of("pw-play", *hint("pw-play", name, 24000), "--version")


@needs("aplay")
@pytest.mark.parametrize(
    ("name", "rate", "sink"), [case for case in CASES_AND_SINKS if reads("aplay", case[0])]
)
def test_aplay(name: str, rate: int, sink: str, aplay: Callable[..., bytes]) -> None:
    """What aplay hands to the device, which here writes it to a file."""
    played = aplay(hint("aplay", name, rate), made(name, rate, sink))
    if name == "au":
        played = np.frombuffer(played, ">i2").astype("<i2").tobytes()
    whole = made("f32le", rate, "pipe") if name == "f32le" else pcm(rate)
    assert played.startswith(whole)
    assert not any(played[len(whole) :])  # aplay fills up the last period


@pytest.fixture
def aplay(tmp_path: Path) -> Callable[..., bytes]:
    """Play on ALSA's null device, keeping a copy."""
    config = tmp_path / "asound.conf"
    copy = tmp_path / "played"
    config.write_text(
        f"pcm.copy {{ type file slave.pcm nothing file {copy} format raw }}\n"
        "pcm.nothing { type null }\n"
    )

    def play(options: list[str], data: bytes) -> bytes:
        command = ["aplay", "-D", "copy", *options]
        done = completed(*command, data=data, ALSA_CONFIG_PATH=str(config))
        rate = options[options.index("-r") + 1] if "-r" in options else None
        assert rate is None or f"Rate {rate} Hz, Mono".encode() in done.stderr
        return copy.read_bytes()

    return play
