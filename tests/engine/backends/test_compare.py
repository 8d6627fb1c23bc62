"""Kernels that are wrong, or do not run, are found, and left out with the reason."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vvcli.bench.random_model import random_model
from vvcli.bench.shapes import SHAPES
from vvcli.engine.backends import first_start
from vvcli.engine.backends.backend import Backend
from vvcli.engine.backends.compare import compare, failures, own_parts, without
from vvcli.engine.backends.compare_parts import PARTS, PlainJoinText
from vvcli.engine.backends.first_start import Results
from vvcli.engine.backends.plain import plain_backend
from vvcli.model.config import ModelConfig
from vvcli.model.vibevoice import VibeVoice

pytestmark = pytest.mark.numeric

CONFIG = ModelConfig.from_dict(SHAPES["tiny"])


@pytest.fixture(scope="module")
def model() -> VibeVoice:
    model = random_model(CONFIG, torch.device("cpu"), torch.bfloat16)
    model.eos_classifier.fc2.bias.data.zero_()  # speech may end
    return model


@pytest.fixture(scope="module")
def right(model: VibeVoice) -> Backend:
    """Stands for kernels: every operation is its own, and as exact as the plain one."""
    other = plain_backend(copy.deepcopy(model))
    return replace(other, join_text=PlainJoinText(), fallback=plain_backend(model))


@pytest.mark.parametrize("fails", [False, True])
def test_all_is_compiled_before_anything_is_compared(
    model: VibeVoice, right: Backend, fails: bool
) -> None:
    seen: list[str] = []

    def ahead(step: Any) -> None:
        step()  # it runs, whatever is compiled
        seen.append("ahead")
        if fails:
            raise RuntimeError("a compiler's")

    def first_run(step: Any) -> None:
        seen.append("run")
        step()

    found = compare(model, replace(right, compile_ahead=ahead, first_run=first_run), [1, 3])
    assert seen == ["ahead"] + ["run"] * len(found)
    assert failures(found) == {}


def wrong(backend: Backend, field: str) -> Any:
    """The operation `field` of `backend`, with one number in its result spoilt."""
    operation = getattr(backend, field)
    if field == "join_text":

        class Wrong(PlainJoinText):
            def place(self, *arguments: Any) -> tuple[Tensor, Tensor]:
                rows, positions = super().place(*arguments)
                positions[-1] += 1
                return rows, positions

        return Wrong()

    def spoilt(*arguments: Any) -> Tensor:
        result = operation(*arguments).clone()
        if result.dtype == torch.bool:
            return ~result
        result.view(-1)[0] += 10 * result.abs().max()
        return result

    return spoilt


def test_every_part_is_compared_and_right(model: VibeVoice, right: Backend) -> None:
    found = compare(model, right, (1, 5))
    assert [(one.part, one.streams) for one in found] == [
        (part.name, streams) for streams in (1, 5) for part in PARTS
    ]
    assert failures(found) == {}
    assert all(one.plain_error > 0 for one in found if one.part in {"text LM", "TTS LM"})


@pytest.mark.parametrize("window", [1, 160])  # the embedded model's is 160
def test_parts_are_compared_whatever_the_window_of_text(window: int) -> None:
    config = replace(CONFIG, text_window=window)
    model = random_model(config, torch.device("cpu"), torch.bfloat16)
    plain = plain_backend(model)
    own = replace(plain, text_lm=copy.deepcopy(model.language_model), fallback=plain)
    found = compare(model, replace(own, join_text=PlainJoinText()), (1, 9))
    assert {(one.part, one.streams) for one in found} == {
        (part, streams) for part in ("text LM", "joined text") for streams in (1, 9)
    }
    assert failures(found) == {}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.field)
def test_a_wrong_part_fails_and_no_other(model: VibeVoice, right: Backend, part: Any) -> None:
    broken = replace(right, **{part.field: wrong(right, part.field)})
    failed = failures(compare(model, broken, (3,)))
    assert [*failed] == [part.name]
    assert "error" in failed[part.name].sentence


def test_a_part_that_makes_nan_or_does_not_run_fails(model: VibeVoice, right: Backend) -> None:
    def make_nan(_: Tensor) -> Tensor:
        return torch.full((6, 1, CONFIG.lm.hidden_size), float("nan"))

    def refuse(*_: Any) -> Tensor:
        raise RuntimeError("out of resource: shared memory, Required: 123\nHardware limit: 99")

    failed = failures(compare(model, replace(right, embed_latent=make_nan, decode=refuse), (3,)))
    assert [*failed] == ["acoustic decoder", "latent embedding"]
    reason = "did not run at 3 streams: out of resource: shared memory, Required: 123"
    assert failed["acoustic decoder"].sentence == reason


def test_only_operations_of_its_own_are_compared(model: VibeVoice, right: Backend) -> None:
    plain = plain_backend(model)
    assert own_parts(plain) == []
    assert compare(model, plain, (1,)) == []
    some = replace(plain, decode=right.decode, fallback=plain)
    assert [part.name for part in own_parts(some)] == ["acoustic decoder"]


def test_what_failed_is_left_to_the_fallback(right: Backend) -> None:
    plain = right.fallback
    assert plain is not None
    left = without(right, ["TTS LM"])
    assert left.tts_lm is plain.tts_lm
    assert left.join_text is None, "text must not join rows of the plain pass"
    assert left.decode is right.decode
    assert without(right, []) is right


def test_a_kernel_broken_on_purpose_falls_back_once_and_says_so(
    model: VibeVoice,
    right: Backend,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = replace(right, decode=wrong(right, "decode"))
    compared: list[int] = []

    def count(*arguments: Any) -> Any:
        compared.append(1)
        return compare(*arguments)

    monkeypatch.setattr(first_start, "compare", count)
    monkeypatch.setattr(first_start, "STREAMS", (2,))
    plain = right.fallback
    assert plain is not None
    for start in range(2):
        caplog.clear()
        kept = Results(tmp_path / "cache", "Some GPU").apply(model, broken, compares=True)
        assert kept.decode is plain.decode
        assert kept.text_lm is right.text_lm
        assert ("first start on Some GPU" in caplog.text) == (start == 0)
        assert "kernels of the acoustic decoder: error" in caplog.text
        assert "using plain modules" in caplog.text
    assert len(compared) == 1
    # A card that the kernels were measured on is compared when somebody asks.
    kept = Results(tmp_path / "cache", "H100").apply(model, broken, compares=False)
    assert kept is broken
    Results(tmp_path / "cache", "H100").renew(model, broken)
    kept = Results(tmp_path / "cache", "H100").apply(model, broken, compares=False)
    assert kept.decode is plain.decode
    assert len(compared) == 2
    # Another card is another first start.
    Results(tmp_path / "cache", "Another GPU").apply(model, broken, compares=True)
    assert len(compared) == 3


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', "\x00"])
def test_a_damaged_cache_is_begun_anew(
    model: VibeVoice, right: Backend, tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_start, "compare", lambda *_: [])
    (tmp_path / "kernels.json").write_text(content)
    Results(tmp_path, "GPU").apply(model, right, compares=True)
    assert [*json.loads((tmp_path / "kernels.json").read_text()).values()] == [{}]
    assert [path.name for path in tmp_path.iterdir()] == ["kernels.json"]


def test_a_cache_that_cannot_be_written_is_no_error(
    model: VibeVoice, right: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_start, "compare", lambda *_: [])
    (tmp_path / "file").touch()
    assert Results(tmp_path / "file", "GPU").apply(model, right, compares=True) is right
