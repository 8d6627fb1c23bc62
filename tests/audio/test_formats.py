from __future__ import annotations

from pathlib import Path

import pytest

from vvcli.audio.formats import FORMATS, MAX_RATE, MIN_RATE, check_rate, format_from_name
from vvcli.audio.output_file import open_output
from vvcli.audio.writer import check_writer, open_writer
from vvcli.errors import UsageError


@pytest.mark.parametrize(
    ("path", "name"),
    [
        *[("a.wav", "wav"), ("a.WAV", "wav"), ("a.b/c.flac", "flac"), ("a.tar.opus", "opus")],
        *[("a.ogg", "opus"), ("a.mp3", "mp3"), ("a.au", "au"), ("a.pcm", "s16le")],
        *[("a.raw", "s16le"), ("a.f32", "f32le"), ("wav", None), (".wav", None), ("a", None)],
        *[("a.txt", None), ("-", None), ("", None), ("a.wav/b", None)],
    ],
)
def test_a_suffix_names_a_format(path: str, name: str | None) -> None:
    assert format_from_name(path) == name
    assert format_from_name(Path(path)) == name


@pytest.mark.parametrize("name", FORMATS)
def test_a_rate_is_taken_or_refused_with_those_that_are(name: str, tmp_path: Path) -> None:
    check_rate(name, 24000)
    for rate in (0, MIN_RATE - 1, MAX_RATE + 1):
        with pytest.raises(UsageError, match=str(rate)):
            check_rate(name, rate)
    rates = FORMATS[name].rates
    if rates is None:
        check_rate(name, 12345)
        return
    with pytest.raises(UsageError, match=f"{name} cannot hold 12345 Hz: .* 8000, .*, 48000$"):
        check_rate(name, 12345)
    with open_output(tmp_path / "out") as out, pytest.raises(UsageError):
        open_writer(name, out, 12345)
    for rate in rates:
        check_writer(name, rate, 24000)
