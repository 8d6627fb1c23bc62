"""`vvcli check` says how exact kernels are, and which of them are left out."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from vvcli.cli import check as module
from vvcli.engine.backends.compare import Comparison
from vvcli.speech import kernels


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines about kernels, for three comparisons of two parts."""
    found = [
        Comparison("acoustic decoder", 1, 0.003, 0.004),
        Comparison("TTS LM", 1, float("nan"), 0.01, reason="out of resource"),
        Comparison("acoustic decoder", 16, 0.005, 0.004),
    ]
    monkeypatch.setattr(kernels, "compare_kernels", lambda _folder, _device: found)
    for name in ("_libraries", "_device", "_model", "_voices", "_speech"):
        monkeypatch.setattr(module, name, lambda *_: "fine")
    result = CliRunner().invoke(module.check, ["-m", "embedded"], standalone_mode=False)
    assert result.exception is None
    return [line for line in result.stdout.splitlines() if line.startswith("kernels")]


def test_each_part_has_a_line_with_its_largest_error(lines: list[str]) -> None:
    assert lines[0].split(maxsplit=2) == [
        "kernels", "ok", "acoustic decoder: error 0.005 at 16 streams, plain modules 0.004",
    ]  # fmt: skip


def test_a_part_that_failed_says_that_it_is_left_out(lines: list[str]) -> None:
    assert lines[1:] == [
        "kernels    ok      TTS LM: did not run at 1 streams: out of resource; using plain modules"
    ]
