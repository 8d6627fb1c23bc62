"""The encoders' life in an output: chunks, errors, other people's descriptors."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests import warm
from vvcli.audio import encoded
from vvcli.audio.encoded import EncodedWriter, check_encoder
from vvcli.audio.output import Output
from vvcli.audio.output_file import open_output
from vvcli.audio.pcm import S16LE
from vvcli.audio.writer import open_writer
from vvcli.errors import OutputError, UnavailableError
from vvcli.samples import Samples

soundfile = pytest.importorskip("soundfile")

ENCODED = ["flac", "opus", "mp3"]
SECOND = 24000


def noise(count: int) -> Samples:
    return np.random.default_rng(0).uniform(-0.5, 0.5, count).astype(np.float32)


def to_file(name: str, path: Path, samples: Samples, piece: int = 4801) -> bytes:
    with open_output(path) as output:
        writer = open_writer(name, output, 24000)
        for start in range(0, len(samples), piece):
            writer.write(samples[start : start + piece])
        writer.finish()
        assert writer.samples == len(samples)
    return path.read_bytes()


def drained(use: Callable[[Output], None]) -> bytes:
    """What `use` writes into a pipe."""
    reader, writer = os.pipe()
    received = bytearray()

    def read() -> None:
        with os.fdopen(reader, "rb") as file:
            received.extend(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    try:
        with Output(writer, "pipe") as output:
            use(output)
    finally:
        thread.join()
    return bytes(received)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODED)
def test_the_chunks_do_not_matter(name: str, tmp_path: Path) -> None:
    samples = noise(3 * SECOND + 1)
    whole = to_file(name, tmp_path / "whole", samples, len(samples))
    parts = to_file(name, tmp_path / "parts", samples, 777)
    if name == "opus":  # pages have a random serial number, and a checksum over it
        assert len(whole) == len(parts)
        first, second = (soundfile.read(tmp_path / part)[0] for part in ("whole", "parts"))
        assert np.array_equal(first, second)
    else:
        assert whole == parts


def test_flac_is_what_s16le_is(tmp_path: Path) -> None:
    samples = noise(SECOND) * 3
    to_file("flac", tmp_path / "a.flac", samples)
    decoded, rate = soundfile.read(tmp_path / "a.flac", dtype="int16")
    assert rate == 24000
    assert decoded.astype("<i2").tobytes() == S16LE.encode(samples)
    rounded = np.frombuffer(S16LE.encode(samples), "<i2").astype(np.int16)
    to_file("flac", tmp_path / "b.flac", rounded)
    assert (tmp_path / "b.flac").read_bytes() == (tmp_path / "a.flac").read_bytes()


@pytest.mark.parametrize("name", ENCODED)
def test_what_is_beyond_full_scale_is_counted_and_cut(name: str, tmp_path: Path) -> None:
    with open_output(tmp_path / "out") as output:
        writer = EncodedWriter(output, name, 24000)
        writer.write(np.array([0, 1, -1, 1.1, -1.1, 100], np.float32))
        assert writer.clipped == 3
        writer.silence(100_000)
        writer.finish()
        assert writer.samples == 100_006
    decoded, _ = soundfile.read(tmp_path / "out")
    assert np.abs(decoded[3000:]).max() < 1e-3


@pytest.mark.parametrize("name", ENCODED)
def test_nothing_is_written_before_the_first_samples_nor_without_any(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    with open_output(path) as output:
        writer = open_writer(name, output, 24000)
        writer.write(np.zeros(0, np.float32))
        writer.finish()
    assert path.read_bytes() == b""


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODED)
def test_audio_comes_while_it_is_made(name: str) -> None:
    """No encoder holds back more than two seconds, Opus's pages being one."""

    class Counting(Output):
        size = 0

        def write(self, data: bytes) -> None:
            self.size += len(data)

    output = Counting(os.open("/dev/null", os.O_WRONLY), "null")
    with output:
        writer = open_writer(name, output, 24000)
        for _ in range(5):
            before = output.size
            writer.write(noise(2 * SECOND))
            assert output.size > before + 2000
        writer.finish()


def write_ten_seconds(name: str, output: Output) -> None:
    with output:
        writer = open_writer(name, output, 24000)
        for _ in range(10):
            writer.write(noise(SECOND))
        writer.finish()


@pytest.mark.parametrize("name", ENCODED)
def test_a_reader_that_has_left_is_a_broken_pipe(name: str) -> None:
    reader, descriptor = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        write_ten_seconds(name, Output(descriptor, "pipe"))


@pytest.mark.parametrize("name", ENCODED)
def test_a_full_disk_is_an_output_error(name: str) -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OutputError, match="cannot write to full: No space left"):
        write_ten_seconds(name, Output(descriptor, "full"))


@pytest.mark.parametrize("name", ENCODED)
def test_a_run_that_breaks_keeps_its_audio_apart(name: str, tmp_path: Path) -> None:
    """And what the encoder still holds goes nowhere, whoever has the descriptor's number now."""
    path = tmp_path / "out"
    path.write_bytes(b"before")
    with suppress(ZeroDivisionError), open_output(path) as output:
        writer = open_writer(name, output, 24000)
        writer.write(noise(3 * SECOND))
        raise ZeroDivisionError
    part = (tmp_path / "out.part").read_bytes()
    assert len(part) > 1000
    other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
    del writer, output
    os.close(other)
    assert (tmp_path / "other").read_bytes() == b""
    assert (tmp_path / "out.part").read_bytes() == part
    assert path.read_bytes() == b"before"


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODED)
def test_what_was_there_stays(name: str, tmp_path: Path) -> None:
    """`>>` only appends; in the middle of a file, patches find their place."""
    samples = noise(2 * SECOND)

    def use(output: Output) -> None:
        writer = open_writer(name, output, 24000)
        writer.write(samples)
        writer.finish()

    alone = to_file(name, tmp_path / "alone", samples)
    for flags, same in ((os.O_APPEND, drained(use)), (0, alone)):
        path = tmp_path / "out"
        path.write_bytes(b"what was there")
        descriptor = os.open(path, os.O_WRONLY | flags)
        os.lseek(descriptor, 0, os.SEEK_END)
        with Output(descriptor, "out") as output:
            use(output)
        content = path.read_bytes()
        assert content.startswith(b"what was there")
        after = content.removeprefix(b"what was there")
        assert len(after) == len(same)
        assert name == "opus" or after == same


def test_flac_to_a_pipe_is_flac_to_a_file_but_for_its_length_and_checksum(tmp_path: Path) -> None:
    samples = noise(2 * SECOND)

    def use(output: Output) -> None:
        writer = open_writer("flac", output, 24000)
        writer.write(samples)
        writer.finish()

    piped, filed = drained(use), to_file("flac", tmp_path / "a.flac", samples)
    assert len(piped) == len(filed)
    header = 8 + 34
    assert piped[header:] == filed[header:]
    assert piped[21:42] == piped[21:22] + bytes(20)  # the length and the MD5 are unknown


def test_a_library_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise builtins.ImportError(f"No module named {name!r}")

    monkeypatch.setattr(encoded, "import_module", missing)
    with pytest.raises(UnavailableError, match=r"flac needs .* pip install soundfile"):
        check_encoder("flac")


def test_a_libsndfile_without_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SimpleNamespace(check_format=lambda *_: False, __libsndfile_version__="1.0.28")
    monkeypatch.setattr(encoded, "import_module", lambda _: old)
    with pytest.raises(UnavailableError, match=r"libsndfile 1\.0\.28 was built without mp3"):
        check_encoder("mp3")


def test_nothing_heavy_is_imported_for_raw_audio() -> None:
    code = "import sys, vvcli.audio.writer; print({'soundfile', 'soxr', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"set()\n"


SIGNALLED = """
import os, sys, numpy as np
from vvcli.audio.output import Output
from vvcli.audio.writer import open_writer

writer = open_writer(sys.argv[1], Output(1, "pipe"), 24000)
samples = np.random.default_rng(0).uniform(-1, 1, 24000).astype(np.float32)
try:
    while True:
        writer.write(samples)
except KeyboardInterrupt:
    os._exit(77)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODED)
def test_no_encoder_swallows_sigint(name: str) -> None:
    """In the main thread cffi does, now and then: it prints what a callback raises."""
    with warm.Popen(
        [sys.executable, "-c", SIGNALLED, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(100_000)
        thread = threading.Thread(target=process.stdout.read)
        thread.start()
        process.send_signal(signal.SIGINT)
        assert process.wait(100) == 77
        thread.join()
        assert process.stderr.read() == b""
