"""The files of the worker in this process: where its device leaves processors, threads encode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.audio.threads import encoding
from tests.batch.fakes import RATE, files, layout, lines, make_runner, plan
from vvcli.audio.writer import FileFormat
from vvcli.batch.entry import ManifestEntry
from vvcli.batch.manifest import Manifest
from vvcli.batch.resume import Decision, JobStep
from vvcli.fleet import worker as module
from vvcli.fleet.worker import LocalFleet, Source, Worker
from vvcli.speech.run import PendingChunk
from vvcli.speech.values import Status

pytest.importorskip("soundfile")

FLAC = FileFormat("flac", RATE)


class FakeWorker(Worker):
    """Every record is a second of silence; one that says "fail" fails."""

    def speak(self, source: Source, max_ahead: float) -> Iterator[PendingChunk]:  # type: ignore[override]
        while (record := source.get(wait=True)) is not None:
            samples = np.zeros(RATE, np.float32)
            status = Status.FAILED if record.text == "fail" else Status.OK
            yield PendingChunk(record, [samples], status, None, RATE)


@pytest.mark.parametrize(("device", "threads"), [("cuda", 3), ("cpu", 3), ("cuda", 1)])
def test_threads_encode_where_the_device_leaves_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, threads: int
) -> None:
    found = make(tmp_path, monkeypatch, device, threads, "abcdef")
    assert [entry.index for entry in found[0]] == [*range(6)]
    assert (found[1] > 0) == (device == "cuda" and threads > 1)
    assert encoding() == []


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_that_stops_at_a_failure_has_made_what_was_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    texts = ["a", "b", "c", "fail", "e", "f"]
    entries, _ = make(tmp_path, monkeypatch, "cuda", threads, texts)
    assert [entry.index for entry in entries] == [0, 1, 2, 3]
    assert [*files(tmp_path)] == [f"book/{n:05d}.flac" for n in (1, 2, 3)]
    assert encoding() == []


def make(
    folder: Path, monkeypatch: pytest.MonkeyPatch, device: str, threads: int, texts: Any
) -> tuple[list[ManifestEntry], int]:
    """The entries of a run that stops at an error, and the most threads that encoded."""
    monkeypatch.setattr(module, "available", lambda: [*range(threads)])
    speaker: Any = SimpleNamespace(
        device=SimpleNamespace(type=device), streams=2, engine=SimpleNamespace(running=0, clipped=0)
    )
    jobs = plan(folder, lines(*texts), replace(layout(), suffix=".flac"))
    steps = (JobStep(job, Decision.MAKE) for job in jobs)
    threads_seen, entries = 0, []
    with Manifest(folder) as manifest:
        runner = make_runner(manifest, folder, FLAC)
        fleet = LocalFleet(FakeWorker(speaker), None)
        for event in fleet.make(steps, runner, lambda entry: entry.error is not None):
            threads_seen = max(threads_seen, len(encoding()))
            if isinstance(event, ManifestEntry):
                entries.append(event)
    return entries, threads_seen
