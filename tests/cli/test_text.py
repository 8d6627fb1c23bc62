"""`vvcli text`: the tool that shows how text is read, and with which misreadings are reported."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests import warm

VVCLI = [sys.executable, "-m", "vvcli", "text"]


def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return warm.run(
        [*VVCLI, *arguments],
        input=stdin,
        **({"stdin": subprocess.DEVNULL} if stdin is None else {}),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_text_is_shown_with_its_classes_and_words() -> None:
    done = run("Dr. Lee", "paid $5.")
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["Dr.", "Lee", "paid", "$5."]
    assert ["Abbreviation", "Dr.", "doctor"] in rows
    assert ["Money", "$5", "five", "dollars"] in rows
    assert done.stdout.splitlines()[-1] == "= doctor lee paid five dollars."


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["-"]])
def test_lines_become_objects(words: list[str]) -> None:
    done = run("--json", *words, stdin="5 kg\n\nH₂O\n")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"text": "5 kg", "spoken": "five kilograms"},
        {"text": "H₂O", "spoken": "h two o"},
    ]


@pytest.mark.slow
def test_the_language_changes_dates_and_numbers() -> None:
    said = json.loads(run("--json", "--language", "en-GB", "105 on 3/4/2026").stdout)["spoken"]
    assert said == "one hundred and five on the third of april twenty twenty six"


@pytest.mark.slow
def test_words_that_cannot_be_said_are_named_and_the_others_shown() -> None:
    done = run("--json", stdin="Привет мир\nhello\n")
    assert done.returncode == 3
    assert "stdin:1: this voice speaks English and cannot say: Привет, мир" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["spoken"] == "hello"


@pytest.mark.slow
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_is_shown_cannot_steer_a_terminal(form: list[str]) -> None:
    done = run(*form, "one \x9b31m two \u202ethree\u2028four")
    assert done.returncode == 0
    assert done.stdout.replace("\n", "").isprintable()


@pytest.mark.slow
def test_a_line_that_is_no_text_is_named_once() -> None:
    done = run("one \udcff")
    assert (done.returncode, done.stderr.count("TEXT:1")) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "status"), [(["Привет"], 1), (["--language", "xx"], 2)])
def test_the_exit_status_says_what_happened(arguments: list[str], status: int) -> None:
    assert run(*arguments).returncode == status


@pytest.mark.slow
def test_torch_is_not_imported() -> None:
    code = (
        "import sys; from vvcli.cli.environment import Environment; from vvcli.cli.main import run;"
        "run(['text', 'a 5 kg 😀 é'], Environment.claim());"
        "sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(("arguments", "stdin"), [([], ""), ([], " \n\n"), ([" "], None)])
def test_that_there_is_no_text_is_said(arguments: list[str], stdin: str | None) -> None:
    done = run(*arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "vvcli: nothing to show: the input held no text\n"
