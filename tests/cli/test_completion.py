"""Completion in the shells themselves: files, folders, models, voices, formats and options."""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests import warm
from tests.conftest import TINY
from vvcli.cli.completion import answer
from vvcli.cli.completion_scripts import SCRIPTS
from vvcli.cli.main import vvcli as root
from vvcli.cli.shell_words import dequote, join_words

FILES = [
    "a b.txt",
    "it's.txt",
    "co:lon.txt",
    "-dash.txt",
    "eq=1.txt",
    '"q".txt',
    "$HOME.txt",
    "carl.pt",
]
FOLDERS = ["plain", "sub dir"]
PATIENCE = 300  # seconds; forty processes of a busy machine take a minute

# What is typed, and all that it is completed to.
CASES = {
    "": [
        "speak",
        "batch",
        "serve",
        "voices",
        "models",
        "text",
        "format",
        "check",
        "warm",
        "bench",
        "completion",
    ],
    "sp": ["speak"],
    "--pro": ["--progress"],
    "--progress ": ["auto", "bar", "plain", "json", "none"],
    "speak -i ": [*FILES, "plain/", "sub dir/"],
    "speak --input a": ["a b.txt"],
    "speak -o i": ["it's.txt"],
    "speak --cues ": [*FILES, "plain/", "sub dir/"],
    "speak --summary -": ["-dash.txt"],
    "speak -i plain/x": ["plain/x.txt"],
    "speak -m ": ["embedded", "plain/", "sub dir/"],
    "speak -m emb": ["embedded"],
    "speak -V c": ["clara", "carl.pt"],
    "speak -V plain/": ["plain/anna.safetensors"],
    "speak -f ": ["s16le", "f32le", "wav", "au", "flac", "opus", "mp3"],
    "speak --st": ["--steps", "--streams"],
    "speak --on-error s": ["skip", "silence", "stop"],
    "speak -j a": ["auto"],
    "batch ": [*FILES, "plain/", "sub dir/"],
    "batch plain -d ": ["plain/", "sub dir/"],
    "batch plain --existing o": ["overwrite"],
    "voices convert p": ["plain/"],
    "voices ": ["list", "convert"],
    "models path e": ["embedded"],
    "format --ff": ["--ffmpeg", "--ffplay"],
    "completion ": ["bash", "zsh", "fish"],
    "bench frame --profile p": ["plain/"],
}


def needs(shell: str) -> str:
    """The path of `shell`; the test is skipped where it is not installed."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed: nothing to complete in")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with names that shells find hard, and `vvcli` in `bin` that logs how it is run."""
    work = tmp_path / "work"
    work.mkdir()
    for name in FILES:
        (work / name).touch()
    for name in FOLDERS:
        (work / name).mkdir()
    (work / "plain" / "x.txt").touch()
    (work / "plain" / "anna.safetensors").touch()
    (work / ".hidden").touch()
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "vvcli"
    python = shlex.quote(str(script.with_name("program")))
    script.write_text(
        f'#!/bin/sh\n[ -n "$_VVCLI_COMPLETE" ] && {python} "$@" && exit\n'
        f'[ "$1" = completion ] && {python} "$@" && exit\n'
        f"printf '%s\\n' \"$@\" > {shlex.quote(str(tmp_path / 'log.new'))}\n"
        f"mv {shlex.quote(str(tmp_path / 'log.new'))} {shlex.quote(str(tmp_path / 'log'))}\n",
        encoding="utf-8",
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    with warm.program(script.with_name("program")):
        yield work


def environment(folder: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("VVCLI_")}
    home = str(folder.parent)
    return own | {
        "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
        "HOME": home,
        "ZDOTDIR": home,
        "XDG_CONFIG_HOME": home,
        "XDG_DATA_HOME": home,
        "HF_HUB_CACHE": home,
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }


def output_of(command: list[str], folder: Path, text: str = "") -> str:
    done = subprocess.run(
        command,
        input=text,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stderr == ""
    return done.stdout


# --- bash: the function by itself


def test_the_words_of_bash_are_put_together_again() -> None:
    def joined(line: str, *pieces: str) -> tuple[list[str], int]:
        found = join_words(list(pieces), line)
        return found.words, found.kept

    assert joined("v a", "v", "a") == (["v", "a"], 0)
    assert joined("v a:b", "v", "a", ":", "b") == (["v", "a:b"], 2)
    assert joined("v a:", "v", "a", ":") == (["v", "a:"], 2)
    assert joined("v a: b", "v", "a", ":", "b") == (["v", "a:", "b"], 0)
    assert joined("v --x=", "v", "--x", "=") == (["v", "--x="], 4)
    assert joined("v --x=a", "v", "--x", "=", "a") == (["v", "--x=a"], 4)
    assert joined("v 'a b:c", "v", "'a b:c") == (["v", "a b:c"], 0)
    assert joined("v a ", "v", "a", "") == (["v", "a", ""], 0)
    assert joined("", "v", "a", ":", "b") == (["v", "a:b"], 2)
    assert joined("", "v", "a", "") == (["v", "a", ""], 0)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (r"a\ b", "a b"),
        ("'a b", "a b"),
        ('"a b', "a b"),
        (r'"a\"b\c"', r'a"b\c'),
        (r"'a\b'c", r"a\bc"),
        ("a\\", "a"),
        (r"\$HOME", "$HOME"),
    ],
)
def test_quotes_are_taken_off(raw: str, plain: str) -> None:
    assert dequote(raw) == plain


# COMP_WORDS as bash makes it of a line, cut at blanks, colons and equals signs.
BASH_DRIVER = r"""
eval "$(vvcli completion bash)"
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE}
    COMP_WORDS=()
    rest=$COMP_LINE
    while [[ $rest =~ ^(\ *)([^\ :=]+|[:=]+)(.*)$ ]]; do
        COMP_WORDS+=("${BASH_REMATCH[2]}")
        rest=${BASH_REMATCH[3]}
    done
    [[ $COMP_LINE != *' ' ]] || COMP_WORDS+=("")
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
    _vvcli_completion vvcli "${COMP_WORDS[COMP_CWORD]}" ""
    printf '%s\n' "${COMPREPLY[@]}" .
done
"""


MORE_IN_BASH = {
    "speak -i co:": ["lon.txt"],  # bash keeps what is before the colon
    "speak -i co:l": ["lon.txt"],
    "speak --input=p": ["plain/"],
    "speak --input=": [*FILES, "plain/", "sub dir/"],
    "batch -- -": ["-dash.txt"],
}


@pytest.mark.slow
def test_bash_offers_what_belongs_there(folder: Path) -> None:
    bash = needs("bash")
    cases = CASES | MORE_IN_BASH
    asked = "".join(f"vvcli {line}\n" for line in cases)
    answers = output_of([bash, "--norc", "-c", BASH_DRIVER], folder, asked).split("\n.\n")[:-1]
    for (line, words), offered in zip(cases.items(), answers, strict=True):
        assert sorted(offered.splitlines()) == sorted(words), line


@pytest.mark.slow
def test_fish_offers_what_belongs_there(folder: Path) -> None:
    fish = needs("fish")
    driver = """
        vvcli completion fish | source
        while read --local line
            complete -C $line
            echo .
        end
    """
    asked = "".join(f"vvcli {line}\n" for line in CASES)
    answers = output_of([fish, "--no-config", "-c", driver], folder, asked).split("\n.\n")[:-1]
    for (line, words), offered in zip(CASES.items(), answers, strict=True):
        found = [candidate.partition("\t")[0] for candidate in offered.splitlines()]
        assert sorted(found) == sorted(words), line


# --- all shells: what is typed, and what vvcli is then called with

SESSIONS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SETUP = {
    "bash": 'eval "$(vvcli completion bash)"',
    "zsh": 'autoload -Uz compinit && compinit -D; eval "$(vvcli completion zsh)"',
    "fish": "vvcli completion fish | source",
}
TYPED = {
    "spea\t-i a\t": ["speak", "-i", "a b.txt"],
    "speak -i it\t": ["speak", "-i", "it's.txt"],
    "speak -i co\t": ["speak", "-i", "co:lon.txt"],
    "speak -i co:l\t": ["speak", "-i", "co:lon.txt"],
    "speak -i 'a\t": ["speak", "-i", "a b.txt"],
    'speak -i "it\t': ["speak", "-i", "it's.txt"],
    "speak -i a\\ \t": ["speak", "-i", "a b.txt"],
    "speak -i pl\tx\t": ["speak", "-i", "plain/x.txt"],
    "speak --input=a\t": ["speak", "--input=a b.txt"],
    "speak -m emb\t": ["speak", "-m", "embedded"],
    "speak --model=emb\t": ["speak", "--model=embedded"],
    "speak -V cl\t": ["speak", "-V", "clara"],
    "speak -V ca\t": ["speak", "-V", "carl.pt"],
    "speak -V pl\t\t": ["speak", "-V", "plain/anna.safetensors"],
    "batch -- -d\t": ["batch", "--", "-dash.txt"],
    "batch pl\t -d sub\t": ["batch", "plain", "-d", "sub dir"],
    "speak -o eq\t": ["speak", "-o", "eq=1.txt"],
    "speak -f fl\t": ["speak", "-f", "flac"],
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", SESSIONS)
def test_what_is_typed_arrives(folder: Path, shell: str) -> None:
    needs(shell)
    log = folder.parent / "log"
    with session(SESSIONS[shell], folder) as type_in:
        type_in(SETUP[shell] + "\n")
        for typed, arguments in TYPED.items():
            log.unlink(missing_ok=True)
            type_in(f"vvcli {typed}\n")
            deadline = time.monotonic() + PATIENCE
            while not log.exists():
                assert time.monotonic() < deadline, typed
                type_in("")
            # A folder's slash may be added or not.
            found = [word.rstrip("/") for word in log.read_text(encoding="utf-8").splitlines()]
            assert found == arguments, typed


@contextmanager
def session(command: list[str], folder: Path) -> Iterator[Callable[[str], None]]:
    """A shell in a terminal, and what types into it."""
    variables = environment(folder)
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, variables)  # noqa: S606
    os.set_blocking(terminal, False)

    def type_in(text: str) -> None:
        os.write(terminal, text.encode())
        while select.select([terminal], [], [], 0.05)[0]:
            with suppress(OSError):
                os.read(terminal, 1 << 16)

    try:
        yield type_in
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)


def test_zsh_without_compinit_says_what_to_do(folder: Path) -> None:
    zsh = needs("zsh")
    done = subprocess.run(
        [zsh, "-f", "-c", 'eval "$(vvcli completion zsh)"'],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert "autoload -Uz compinit && compinit" in done.stderr
    assert "compdef" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_zsh_loads_it_as_a_function_of_fpath(folder: Path) -> None:
    needs("zsh")
    functions = folder.parent / "functions"
    functions.mkdir()
    (functions / "_vvcli").write_text(SCRIPTS["zsh"], encoding="utf-8")
    assert SCRIPTS["zsh"].startswith("#compdef vvcli\n")
    with session(["zsh", "-i"], folder) as type_in:
        type_in(f"fpath=({shlex.quote(str(functions))} $fpath); autoload -Uz compinit\n")
        type_in("compinit -D\n")
        type_in("vvcli speak -i a\t\n")
        deadline = time.monotonic() + PATIENCE
        log = folder.parent / "log"
        while not log.exists():
            assert time.monotonic() < deadline
            type_in("")
    assert log.read_text(encoding="utf-8").splitlines() == ["speak", "-i", "a b.txt"]


# --- the answers, without a process


@pytest.fixture
def alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config file of a user who has nothing else."""
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("VVCLI_MODEL", raising=False)
    monkeypatch.setenv("VVCLI_CONFIG", str(folder.parent / "config.toml"))
    monkeypatch.chdir(folder)
    return folder.parent / "config.toml"


@pytest.mark.parametrize("shell", SCRIPTS)
@pytest.mark.parametrize("words", [["-V", "cl"], ["--no-such", "-V", "cl"]])
def test_a_wrong_config_file_and_a_wrong_line_break_no_completion(
    alone: Path, shell: str, words: list[str]
) -> None:
    alone.write_text("gap = ", encoding="utf-8")
    assert "clara" in answer(root, shell, ["speak", *words]).split()


def test_the_voices_are_those_of_the_configured_model(alone: Path) -> None:
    alone.write_text(f'model = "{TINY}"\n', encoding="utf-8")
    found = answer(root, "fish", ["speak", "-V", "tiny"])
    assert found.splitlines() == ["tiny-Ada_woman", "tiny-Ben_man"]


@pytest.mark.parametrize(
    ("shell", "files"),
    [
        ("bash", ["filenames", "carl.pt"]),
        ("fish", ["carl.pt"]),
        ("zsh", ["file *.(safetensors|pt)"]),
    ],
)
def test_files_of_voices_alone_are_voices(alone: Path, shell: str, files: list[str]) -> None:
    assert answer(root, shell, ["speak", "-V", "car"]).splitlines() == files
