"""One job by one worker and by many, in turn, on the same machine: how much faster are the many?"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from vvcli.audio.writer import FileFormat
from vvcli.batch.containment import OutputFolder
from vvcli.batch.entry import ManifestEntry, Outcome
from vvcli.batch.manifest import Manifest
from vvcli.batch.plan import Job
from vvcli.batch.resume import Decision, JobStep
from vvcli.batch.runner import Runner
from vvcli.bench.subject_worker import NAME
from vvcli.fleet.cores import threads_each
from vvcli.fleet.devices import Place
from vvcli.fleet.many import ManyFleet
from vvcli.fleet.plain_values import Plain
from vvcli.fleet.processes import ProcessPool
from vvcli.samples import SAMPLE_RATE
from vvcli.script.record import Record
from vvcli.speech.values import Status

RUNS = 3  # by each, one and many in turn

WARM_UP = 2  # records for each stream, before anything is measured


@dataclass(frozen=True)
class Spoken:
    """One run of the job."""

    samples: int
    seconds: float
    whole: bool  # every record spoken, and those of a stream in order
    digest: str  # of all audio

    @property
    def speed(self) -> float:
        """Seconds of audio a second."""
        return self.samples / SAMPLE_RATE / self.seconds


@dataclass(frozen=True)
class Scaling:
    """How the job went; speeds are seconds of audio a second."""

    workers: int
    names: list[str]
    streams: int  # of each worker
    records: int
    audio_s: float
    one_audio_s_per_s: float  # median
    all_audio_s_per_s: float  # median
    times: float  # the second over the first
    one_runs: list[float]
    all_runs: list[float]
    whole: bool
    same_bits: bool  # whoever spoke; the samples of a stream, or the bytes of files


def measure_scaling(
    places: list[Place], setup: Plain, texts: Sequence[str], format_name: str | None
) -> Scaling:
    """Speak `texts` by the first of `places` alone and by all, RUNS times in turn.

    Args:
        places: of the workers.
        setup: what each loads, as `subject_worker` wants it.
        texts: the records.
        format_name: of a file for each record; none: they make one stream.

    Raises:
        UnavailableError: a worker cannot load the model, or has no memory for its streams.
        OutputError: the folder for temporary files takes no more.
    """

    def speak(fleet: ManyFleet, records: Sequence[str]) -> Spoken:
        if format_name is None:
            return speak_stream(fleet, records)
        return make_files(fleet, records, format_name)

    with closing(_open(places[:1], setup)) as one, closing(_open(places, setup)) as many:
        for fleet in (one, many):
            speak_stream(fleet, texts[: WARM_UP * fleet.streams * fleet.workers])
        runs = [(speak(one, texts), speak(many, texts)) for _ in range(RUNS)]
        alone, together = [run[0] for run in runs], [run[1] for run in runs]
        one_speed = statistics.median(run.speed for run in alone)
        all_speed = statistics.median(run.speed for run in together)
        return Scaling(
            workers=len(places),
            names=[place.name for place in places],
            streams=many.streams,
            records=len(texts),
            audio_s=alone[0].samples / SAMPLE_RATE,
            one_audio_s_per_s=one_speed,
            all_audio_s_per_s=all_speed,
            times=all_speed / one_speed,
            one_runs=[run.speed for run in alone],
            all_runs=[run.speed for run in together],
            whole=all(run.whole for run in alone + together),
            same_bits=len({run.digest for run in alone + together}) == 1,
        )


def speak_stream(fleet: ManyFleet, texts: Sequence[str]) -> Spoken:
    """One stream, in order, as `speak` has it, up to the joined samples."""
    digest, samples, ended, in_order = hashlib.sha256(), 0, 0, True
    # Digests are no part of what is measured: those of what waited for the last records to be heard
    # took longer than the workers were faster.
    with ThreadPoolExecutor(1, "digest") as digests:
        start = time.perf_counter()
        with closing(fleet.stream(_records(texts))) as pending:
            for each in pending:
                chunk = each.join()
                samples += len(chunk.samples)
                digests.submit(digest.update, chunk.samples.data)
                in_order &= chunk.record.index == ended
                if chunk.status is not None:
                    in_order &= chunk.status is Status.OK
                    ended += 1
        seconds = time.perf_counter() - start
    return Spoken(samples, seconds, in_order and ended == len(texts), digest.hexdigest())


def make_files(fleet: ManyFleet, texts: Sequence[str], format_name: str) -> Spoken:
    """A file for each record, with a manifest, as `batch` has it."""
    entries: list[ManifestEntry] = []
    with tempfile.TemporaryDirectory(prefix="vvcli-bench-") as name:
        folder = Path(name)
        with Manifest(folder) as manifest:
            runner = _runner(folder, manifest, format_name)
            start = time.perf_counter()
            for event in fleet.make(map(_step, _records(texts)), runner):
                if isinstance(event, ManifestEntry):
                    entries.append(event)
            seconds = time.perf_counter() - start
    entries.sort(key=lambda entry: str(entry.audio_filepath))
    digest = hashlib.sha256("".join(str(entry.sha256) for entry in entries).encode())
    whole = len(entries) == len(texts) and all(entry.status is Outcome.OK for entry in entries)
    samples = sum(entry.samples for entry in entries)
    return Spoken(samples, seconds, whole, digest.hexdigest())


def _open(places: list[Place], setup: Plain) -> ManyFleet:
    pool = ProcessPool(places, setup, "int16", NAME)
    return ManyFleet(pool, None, threads=threads_each(len(places)))


def _records(texts: Sequence[str]) -> list[Record]:
    return [Record(index, text) for index, text in enumerate(texts)]


def _step(record: Record) -> JobStep:
    job = Job((record,), record.label, f"{record.index:07d}", None, (0.0,))
    return JobStep(job, Decision.MAKE)


def _runner(folder: Path, manifest: Manifest, format_name: str) -> Runner:
    return Runner(
        manifest,
        OutputFolder(folder),
        FileFormat(format_name, SAMPLE_RATE),
        input_rate=SAMPLE_RATE,
        seed=0,
        fingerprint=lambda _job: "",
    )
