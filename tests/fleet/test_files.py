"""The files of a batch, made by many workers: what has an entry has its file, however it ends."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.batch.fakes import files, lines, make_runner, plan
from tests.fleet.file_workers import FilePool
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import Manifest, read_entries
from vvcli.batch.resume import Decision, JobStep
from vvcli.fleet.closable import ClosablePool
from vvcli.fleet.dispatcher import Dispatcher
from vvcli.fleet.files import FilesRun
from vvcli.fleet.fleet import goes_on
from vvcli.fleet.pool import Figures, PoolClosedError
from vvcli.speech.values import Chunk, Status

TEXTS = st.lists(st.sampled_from(["Yes.", "And so on.", "it will fail"]), max_size=8)
SEEDS = st.integers(0, 1 << 32)  # of what is done next


class Batch:
    """A run over one record a file, in a folder of its own."""

    def __init__(self, folder: Path, texts: list[str], workers: int, seed: int) -> None:
        self.folder = folder
        self.pool = FilePool(folder, workers, random.Random(seed).randrange)  # noqa: S311
        self.shared = ClosablePool(self.pool)
        self.manifest = Manifest(folder)
        self.steps = [JobStep(job, Decision.MAKE) for job in plan(folder, lines(*texts))]
        self.figures = [Figures(name, 0.0) for name in self.pool.names]
        self.stops: Callable[[ManifestEntry], bool] = goes_on

    def run(self) -> FilesRun:
        return FilesRun(
            *(self.shared, {*self.pool.workers}, 1, {}),
            *(Dispatcher(len(self.pool.names), 2, longest_first=True), self.figures),
            steps=iter(self.steps),
            runner=make_runner(self.manifest, self.folder),
            stops=self.stops,
        )

    def check(self) -> list[ManifestEntry]:
        """Every entry has its whole file, and there are no others; the entries."""
        self.manifest.close()
        entries = [*read_entries(self.folder).values()]
        made = {str(e.audio_filepath): e.sha256 for e in entries if e.has_file}
        found = files(self.folder)
        assert {name: hashlib.sha256(data).hexdigest() for name, data in found.items()} == made
        return entries


@pytest.mark.slow
@settings(max_examples=20)
@given(TEXTS, st.integers(1, 3), SEEDS)
def test_a_run_makes_every_file_and_tells_of_every_record(
    texts: list[str], workers: int, seed: int
) -> None:
    with TemporaryDirectory() as folder:
        batch = Batch(Path(folder), texts, workers, seed)
        events = [*batch.run().events()]
        entries = batch.check()
    assert sorted(entry.index for entry in entries if entry.index is not None) == [
        *range(len(texts))
    ]
    ends = Counter(e.status for e in events if isinstance(e, Chunk) and e.status is not None)
    failed = sum("fail" in text for text in texts)
    assert ends == Counter({Status.FAILED: failed, Status.OK: len(texts) - failed})
    assert sum(isinstance(event, ManifestEntry) for event in events) == len(texts)


@pytest.mark.slow
@settings(max_examples=40)
@given(TEXTS, st.integers(1, 3), SEEDS)
def test_a_run_that_is_stopped_tells_of_all_that_was_done(
    texts: list[str], workers: int, seed: int
) -> None:
    with TemporaryDirectory() as folder:
        batch = Batch(Path(folder), texts, workers, seed)
        batch.stops = lambda entry: entry.status is Outcome.FAILED
        events = [*batch.run().events()]
        entries = batch.check()
    told = [event for event in events if isinstance(event, ManifestEntry)]
    assert [entry.index for entry in told] == [entry.index for entry in entries]
    ended = {e.record.index for e in events if isinstance(e, Chunk) and e.status is not None}
    assert {entry.index for entry in entries} <= ended
    assert len(entries) == len(texts) or any(e.status is Outcome.FAILED for e in entries)


@pytest.mark.slow
@settings(max_examples=40)
@given(TEXTS, st.integers(1, 3), st.integers(0, 20), SEEDS)
def test_a_run_whose_pool_is_closed_by_another_thread_names_its_files(
    texts: list[str], workers: int, waits: int, seed: int
) -> None:
    with TemporaryDirectory() as folder:
        batch = Batch(Path(folder), texts, workers, seed)
        left = waits

        def close() -> None:
            """As another thread does: `close` itself would wait for the end of this `wait`."""
            nonlocal left
            left -= 1
            if left < 0:
                batch.shared._closed = True

        batch.pool.on_wait = close
        try:
            events = [*batch.run().events()]
        except PoolClosedError:
            pass
        else:
            assert sum(isinstance(event, ManifestEntry) for event in events) == len(texts)
        batch.shared.close()
        batch.check()
        assert batch.pool.closed
