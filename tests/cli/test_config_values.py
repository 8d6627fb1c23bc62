"""Values in the config file and the environment are of their option's type, or named as wrong."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from tests.conftest import TINY, InProcess
from vvcli.cli.config_file import MAX_BYTES
from vvcli.cli.config_types import checked


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("VVCLI_CONFIG", str(path))
    return path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seed = 1e400", "seed must be a whole number"),
        ("seed = 1.0", "seed must be a whole number"),
        ("seed = true", "seed must be a whole number"),
        ("seed = '5'", "seed must be a whole number"),
        ("seed = [1]", "seed must be a whole number"),
        ("seed = []", "seed must be a whole number"),
        ("seed = 2026-11-26", "seed must be a whole number"),
        ("seed = 07:32:00", "seed must be a whole number"),
        ("seed = -1", "seed is wrong: -1 is not"),
        ("seed = 18446744073709551616", "seed is wrong: 18446744073709551616 is not"),
        ("voice = 3", "voice must be text"),
        ("voice = true", "voice must be text"),
        ("voice = ['Ada', 'Ben']", "voice must be text"),
        ("voice = 1979-05-27T07:32:00Z", "voice must be text"),
        ('voice = "a\\u0000b"', "voice has a NUL character"),
        ('model = "a\\u0000b"', "model has a NUL character"),
        ('[speak]\noutput = "a\\u0000b"', "output has a NUL character"),
        ("[batch]\noutput-dir = 5", "output-dir must be text"),
        ("gap = 'abc'", "gap must be a number"),
        ("gap = true", "gap must be a number"),
        ("gap = nan", "gap is wrong: nan is not"),
        ("gap = inf", "gap is wrong: inf is not"),
        ("gap = -1", "gap is wrong: -1"),
        (f"cfg-scale = 1{'0' * 400}", "cfg-scale is wrong: a number of over 40 digits"),
        ("streams = true", "streams must be a whole number"),
        ("streams = 'many'", "streams"),
        ("streams = '4'", "streams must be a whole number"),
        ("streams = 0", "streams is wrong"),
        ("format = 'mp4'", "format is wrong: 'mp4' is not one of"),
        ("format = 3", "format must be text"),
        ("[speak]\nformat = ['wav']", "[speak]: format must be text"),
        ("quiet = 'yes'", "quiet must be true or false"),
        ("quiet = 1", "quiet must be true or false"),
        ("server = 'maybe'", 'server must be true, false or "auto"'),
        ("[speak]\nserver = 1", '[speak]: server must be true, false or "auto"'),
        ("[speak]\ninput = 5", "[speak]: input must be a list"),
        ("[speak]\ninput = 'a.txt'", "[speak]: input must be a list"),
        ("[speak]\ninput = [5]", "[speak]: input must be text"),
        ("[speak.gap]\na = 1", "[speak]: gap must be a number"),
        ("[format]\njson = 'yes'", "[format]: json must be true or false"),
        ("seed = " + "9" * 5000, "is not TOML"),
        ("seed = " + "[" * 5000, "is not TOML"),
        ("seed = 5 # " + "x" * MAX_BYTES, "longer than"),
        ("seed = '\udcff'", "is not TOML"),
        ("\ufeffseed = -1", "seed is wrong: -1 is not"),
        ("\udcff\udcfes\0e\0", "is UTF-16: save it as UTF-8"),
        ("\udcfe\udcff\0s\0e", "is UTF-16: save it as UTF-8"),
        ("speak = 3", "speak must be a table: write [speak]"),
        ("[[speak]]\ngap = 1", "speak must be a table: write [speak]"),
        ("bench = 'x'", "bench must be a table: write [bench]"),
        ("server = '/run/vvcli.sock'", 'server must be true, false or "auto"'),
        ("records = 0", "records is wrong: 0"),
        ("speek = 3", "'speek' is neither a command nor an option of one"),
    ],
)
def test_a_wrong_value_is_named_with_the_file(
    vvcli: InProcess, config: Path, text: str, sentence: str
) -> None:
    config.write_bytes(text.encode("utf-8", "surrogateescape"))
    result = vvcli("speak", "-q", "-m", TINY, "Yes.")
    assert (result.status, result.stdout) == (2, b"")
    assert str(config) in result.error
    assert sentence in result.error


def test_right_values_are_taken(vvcli: InProcess, config: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Yes.\n")
    config.write_text(
        f'model = "{TINY}"\nvoice = "Ben"\nseed = 7\nstreams = 2\ngap = 1\nmax-ahead = 5.5\n'
        "quiet = true\nrate = 16000\ncfg-scale = 2\n"
        f'[speak]\ninput = ["{tmp_path}/a.txt"]\nsummary = "{tmp_path}/summary"\nstreams = "auto"\n'
        "format = 'flac'\n"
        "[format]\naplay = false\nffmpeg = true\nformat = 's16le'\n"
    )
    result = vvcli("speak")
    assert (result.status, result.stderr) == (0, "")
    assert '"voice": "tiny-Ben_man"' in (tmp_path / "summary").read_text()


@pytest.mark.parametrize("text", ['server = "auto"', "server = true"])
def test_what_bench_does_not_take_is_a_default_of_the_others(
    vvcli: InProcess, config: Path, text: str
) -> None:
    """`bench load --server` takes an address."""
    config.write_text(text)
    result = vvcli("speak", "-q", "-m", TINY, "--dry-run", "Yes.")
    assert (result.status, result.stderr) == (0, "")
    assert vvcli("bench", "load", "--help").status == 0


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("VVCLI_GAP", "abc", "VVCLI_GAP: 'abc' is not a number"),
        ("VVCLI_GAP", "nan", "VVCLI_GAP: 'nan' is not a number"),
        ("VVCLI_SEED", "-1", "VVCLI_SEED: '-1' is not a whole number"),
        ("VVCLI_SEED", "9" * 5000, "VVCLI_SEED: "),
        ("VVCLI_SEED", "1_0", "VVCLI_SEED: '1_0' is not a whole number"),
        ("VVCLI_SEED", "\u0661\u0662", "VVCLI_SEED: '\u0661\u0662' is not a whole number"),
        ("VVCLI_SPEED", "0_1.5", "VVCLI_SPEED: '0_1.5' is not a number"),
        ("VVCLI_GAP", "\u0661", "VVCLI_GAP: '\u0661' is not a number"),
        ("VVCLI_STREAMS", "many", "VVCLI_STREAMS: 'many' is not 'auto'"),
        ("VVCLI_FORMAT", "mp4", "VVCLI_FORMAT: 'mp4' is not one of"),
    ],
)
def test_a_wrong_variable_is_named(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    result = vvcli("speak", "-q", "-m", TINY, "Yes.")
    assert result.status == 2
    assert result.error.startswith(sentence)
    assert "--" not in result.error.removesuffix("see `vvcli speak --help`")


def test_a_wrong_flag_is_named_though_the_variable_is_set(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VVCLI_GAP", "1")
    result = vvcli("speak", "-q", "-m", TINY, "--gap", "abc", "Yes.")
    assert "--gap" in result.error
    assert "VVCLI_GAP" not in result.error


@pytest.mark.parametrize("kind", ["zero", "fifo", "link to a fifo", "folder", "loop", "long"])
def test_a_config_that_is_no_file_is_a_sentence_at_once(
    vvcli: InProcess, config: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind == "zero":
        monkeypatch.setenv("VVCLI_CONFIG", "/dev/zero")
    elif kind == "fifo":
        os.mkfifo(config)
    elif kind == "link to a fifo":
        os.mkfifo(config.with_name("fifo"))
        config.symlink_to("fifo")
    elif kind == "folder":
        config.mkdir()
    elif kind == "loop":
        config.symlink_to(config.name)
    else:
        monkeypatch.setenv("VVCLI_CONFIG", "x" * 300)
    result = vvcli("speak", "-q", "-m", TINY, "Yes.")
    assert result.status == 2
    assert result.error.startswith("cannot read ")


@pytest.mark.parametrize("path", [os.devnull, "/nowhere/config.toml"])
def test_no_config_is_none(vvcli: InProcess, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("VVCLI_CONFIG", path)
    assert vvcli("speak", "-q", "-m", TINY, "Yes.").status == 0


def test_an_empty_variable_is_unset(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VVCLI_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert vvcli("speak", "-q", "-m", TINY, "Yes.").status == 0
    (tmp_path / "vvcli").mkdir()
    config = tmp_path / "vvcli" / "config.toml"
    config.write_text("gap = -1\n")
    result = vvcli("speak", "-q", "-m", TINY, "Yes.")
    assert (result.status, str(config) in result.error) == (2, True)


class _Limits:
    whole = True


class _Number(click.ParamType):  # type: ignore[type-arg] # generic only from click 8.4 on
    name = "number"
    limits = _Limits()

    def convert(self, value: object, param: object, ctx: object) -> object:
        return value if value == "auto" else int(str(value))


def test_a_type_of_our_own_says_whether_it_is_whole() -> None:
    option = click.Option(["--n"], type=_Number())
    assert checked(option, "auto") == "auto"
    assert checked(option, 5) == 5
    for value in (5.5, 5.0, True, "5", "many", [5]):
        with pytest.raises(ValueError, match="must be a whole number"):
            checked(option, value)


@pytest.mark.parametrize("home", ["/dev/null", "shut"])
def test_a_home_out_of_reach_has_no_config(
    vvcli: InProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str
) -> None:
    if home == "shut" and os.geteuid() == 0:
        pytest.skip("root may search every folder")
    for name in ("VVCLI_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(0)
    monkeypatch.setenv("HOME", str(shut) if home == "shut" else home)
    result = vvcli("speak", "-q", "-m", TINY, "Yes.")
    shut.chmod(0o700)
    assert (result.status, result.stderr) == (0, "")
    # One that was asked for is another matter.
    monkeypatch.setenv("VVCLI_CONFIG", "/dev/null/config.toml")
    result = vvcli("speak", "-q", "-m", TINY, "Yes.")
    assert (result.status, result.error) == (
        2,
        "cannot read /dev/null/config.toml: Not a directory",
    )
