"""Sessions that arrive at random into a running engine, whether or not it keeps up.

The engine makes every session as fast as it can, as `speak` does, and not at the pace of playback:
a stream that is done early leaves its slot to the next one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vvcli.bench.load.engine_trial import TrialRun
from vvcli.bench.load.sessions import Session, held
from vvcli.bench.load.trial import Trial, arrivals, stretched
from vvcli.bench.readings import GpuUse
from vvcli.bench.streams import StreamMaker, fill, stop
from vvcli.engine.engine import Engine

STEPS = 10  # from whose time a rate is guessed


@dataclass(frozen=True, kw_only=True)
class EngineTrial(Trial):
    """A trial of an engine; audio is what it made."""

    ttfa_p50_ms: float | None
    ttfa_p99_ms: float | None
    worst_gap_ms: float  # between two frames of a session
    generating_mean: float  # streams in a slot
    gpu_percent: float | None


class EngineLoadTest:
    """One engine under sessions that speak `texts`, chosen at random.

    Args:
        engine: with every step captured, and room for the longest text.
        maker: makes the streams.
        texts: of the sessions.
        ttfa_s: the time to first audio that 99 % of the sessions must have.
        deadline: of `time.perf_counter`, at which a trial ends whatever it has seen.
        seed: of arrivals and choices.
    """

    def __init__(
        self,
        engine: Engine,
        maker: StreamMaker,
        texts: Sequence[str],
        ttfa_s: float,
        *,
        deadline: float = math.inf,
        seed: int = 0,
    ) -> None:
        self.engine = engine
        self._ttfa_s = ttfa_s
        self._maker = maker
        self._texts = texts
        self._deadline = deadline
        self._seed = seed
        self._frame_s = 1 / engine.config.frame_rate

    @property
    def longest_playback(self) -> float:
        """Seconds; after so long the number of sessions that play is steady."""
        return max(map(self._maker.frames, self._texts)) * self._frame_s

    def guess(self) -> float:
        """Sessions a second to begin a search with, from the time of a full frame.

        Of what all slots would make, half holds on most machines and all on none, so that two
        trials bracket the rate.
        """
        longest = max(self._texts, key=len)
        running = fill(self.engine, self._maker, [longest] * self.engine.state.slots)
        made, start = 0, time.perf_counter()
        for _ in range(STEPS):
            made += len(self.engine.step())
        seconds = time.perf_counter() - start
        stop(self.engine, running)
        mean_frames = sum(map(self._maker.frames, self._texts)) / len(self._texts)
        return max(made, 1) / seconds / mean_frames / 2

    def try_rate(
        self, rate: float, duration: float, *, is_quick: bool = False, give_up: bool = False
    ) -> EngineTrial:
        """See `LoadTest`. A quick trial begins once the first second's sessions are made.

        Sessions keep arriving until those that are measured are made.
        """
        duration = stretched(duration, rate)
        self._seed += 1
        visitors = arrivals(rate, self._texts, np.random.default_rng(self._seed))
        run = TrialRun(
            self.engine,
            (
                (self._maker.make(text), Session(when, self._maker.frames(text), self._frame_s))
                for when, text in visitors
            ),
            rate=rate,
            duration=duration,
            ramp=None if is_quick else self.longest_playback,
            longest_ramp=self.longest_playback,
            limit=self._ttfa_s if give_up else math.inf,
            deadline=self._deadline,
        )
        with GpuUse(self.engine.device) as gpu:
            run.go()
        return self._trial(rate, run, gpu.percent)

    def _trial(self, rate: float, run: TrialRun, gpu_percent: float | None) -> EngineTrial:
        start, end = run.window
        seen = [session for session in run.sessions if start <= session.arrival < end]
        waits = [1e3 * session.waited(run.now) for session in seen]
        p50, p99 = np.percentile(waits, [50, 99]).tolist() if waits else (None, None)
        underran = sum(session.underran for session in seen)
        held_mean, held_most = held(run.sessions, start, end)
        in_time = p99 is not None and p99 <= 1e3 * self._ttfa_s
        return EngineTrial(
            rate=rate,
            sessions=len(seen),
            ttfa_p50_ms=p50,
            ttfa_p99_ms=p99,
            worst_gap_ms=1e3 * max((session.worst_gap for session in seen), default=0.0),
            worst_lateness_ms=1e3 * max((s.worst_lateness for s in seen), default=0.0),
            underrun_share=underran / max(1, len(seen)),
            held_mean=held_mean,
            held_most=held_most,
            generating_mean=run.generating / (end - start),
            audio_s_per_s=run.frames * self._frame_s / (end - start),
            ramp_s=start,
            measured_s=end - start,
            gpu_percent=gpu_percent,
            broken_off=run.broken_off,
            timed_out=run.timed_out,
            holds=in_time and not (underran or run.broken_off or run.timed_out),
        )
