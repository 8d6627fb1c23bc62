"""The load that a server holds: any that speaks as OpenAI's does, on any machine."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vvcli.bench.load.clients import Plan, Visits, run_clients, visit_alone
from vvcli.bench.load.listener import FAILED, REFUSED, UNFINISHED, WHOLE, Target
from vvcli.bench.load.sessions import held
from vvcli.bench.load.trial import Trial, stretched
from vvcli.client.connection import Connection, exchange
from vvcli.client.http_response import ResponseError
from vvcli.errors import UnavailableError

PERCENTILES = (50, 95, 99)
ALONE = 3  # sessions that are alone
TIMEOUT, MAX_FACTS = 60.0, 1 << 20  # seconds and bytes of a handshake

Percentiles = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class ServerTrial(Trial):
    """A trial of a server; times are from arrival on, audio is that of those who arrived.

    Attributes:
        first_ms: to the first sample.
        audible_ms: to the first sample that is audible.
        lead_ms: of audio before that one.
        gap_ms: the longest between two pieces of audio of a session.
        late_ms: from an arrival to its request: the clients' own lateness.
    """

    first_ms: Percentiles | None
    audible_ms: Percentiles | None
    lead_ms: Percentiles | None
    gap_ms: Percentiles | None
    late_ms: Percentiles | None
    refused: int
    failed: int
    unfinished: int


def shake_hands(target: Target) -> dict[str, Any]:
    """The facts that the server tells of itself; empty where it is not vvcli.

    Raises:
        UnavailableError: nobody answers, or they want a token.
    """
    try:
        connection = Connection(target.address, target.token)
    except OSError as error:
        reason = error.strerror or error
        raise UnavailableError(f"no server answers at {target.address}: {reason}") from error
    try:
        content = exchange(connection, "/v1/handshake", TIMEOUT, MAX_FACTS)
        status = connection.response.status
        if status in (401, 403):
            raise UnavailableError(
                f"the server at {target.address} lets only those in who show its token",
                remedy="token file",
            )
        facts = json.loads(content) if status == 200 else {}
    except (OSError, ResponseError) as error:
        raise UnavailableError(
            f"the server at {target.address} does not answer: {error}"
        ) from error
    except ValueError:
        facts = {}
    finally:
        connection.close()
    return facts if isinstance(facts, dict) else {}


class ServerLoadTest:
    """A server under sessions that speak `texts`, chosen at random.

    Args:
        target: the server.
        texts: of the sessions.
        ttfa_s: the time to the first audible sample that 99 % of the sessions must have.
        processes: that the sessions are spread over.
        deadline: of `time.perf_counter`, at which a trial ends whatever it has seen.
    """

    def __init__(
        self,
        target: Target,
        texts: Sequence[str],
        ttfa_s: float,
        *,
        processes: int = 1,
        deadline: float = math.inf,
    ) -> None:
        self.longest_playback = 0.0  # seconds
        self._target = target
        self._texts = texts
        self._ttfa_s = ttfa_s
        self._processes = processes
        self._deadline = deadline
        self._seed = 0

    def alone(self) -> tuple[float, float]:
        """Milliseconds to the first audible sample of the longest text, and seconds to its last.

        Raises:
            UnavailableError: the server does not speak it.
        """
        longest = max(self._texts, key=len)
        seen = [visit_alone(self._target, longest, self._deadline) for _ in range(ALONE)]
        whole = [visit for visit in seen if visit.outcome == WHOLE]
        if not whole:
            raise UnavailableError(
                f"the server at {self._target.address} does not speak: its answer was not whole, "
                "or no PCM, or silent"
            )
        self.longest_playback = max(visit.seconds for visit in whole)
        audible = [visit.audible - visit.arrival for visit in whole if visit.audible is not None]
        ended = [visit.ended - visit.arrival for visit in whole]
        return 1e3 * statistics.median(audible), statistics.median(ended)

    def try_rate(
        self, rate: float, duration: float, *, is_quick: bool = False, give_up: bool = False
    ) -> ServerTrial:
        """See `LoadTest`. Sessions arrive before for as long as the longest one plays, or as long
        as a quick trial is.
        """
        ramp = min(duration, self.longest_playback) if is_quick else self.longest_playback
        duration = stretched(duration, rate)
        self._seed += 1
        limit = self._ttfa_s if give_up else math.inf
        plan = Plan(rate, ramp, ramp + duration, limit, self._seed, self._deadline)
        found = run_clients(self._target, self._texts, plan, self._processes)
        return self._trial(plan, found)

    def _trial(self, plan: Plan, found: Visits) -> ServerTrial:
        seen = [visit for visit in found.visits if plan.measures(visit.arrival)]
        counts = {name: sum(each.outcome == name for each in seen) for name in _LOST}
        underran = sum(visit.underran for visit in seen)
        # Whoever hears nothing has waited until the end.
        waits = [(v.ended if v.audible is None else v.audible) - v.arrival for v in seen]
        audible = percentiles(waits)
        sessions = [visit.session for visit in found.visits]
        held_mean, held_most = held(sessions, plan.start, plan.end)
        bad = underran or any(counts.values()) or found.broken_off or found.timed_out
        in_time = audible is not None and audible["p99"] <= 1e3 * self._ttfa_s
        duration = plan.end - plan.start
        return ServerTrial(
            rate=plan.rate,
            sessions=len(seen),
            first_ms=percentiles([v.first - v.arrival for v in seen if v.first is not None]),
            audible_ms=audible,
            lead_ms=percentiles([visit.lead for visit in seen if visit.audible is not None]),
            gap_ms=percentiles([visit.gap for visit in seen if visit.first is not None]),
            late_ms=percentiles([visit.sent - visit.arrival for visit in seen]),
            worst_lateness_ms=1e3 * max((visit.lateness for visit in seen), default=0.0),
            underrun_share=underran / max(1, len(seen)),
            refused=counts[REFUSED],
            failed=counts[FAILED],
            unfinished=counts[UNFINISHED],
            held_mean=held_mean,
            held_most=held_most,
            audio_s_per_s=sum(visit.seconds for visit in seen) / duration,
            ramp_s=plan.start,
            measured_s=duration,
            broken_off=found.broken_off,
            timed_out=found.timed_out,
            holds=in_time and not bad,
        )


_LOST = (REFUSED, FAILED, UNFINISHED)


def percentiles(seconds: Sequence[float]) -> Percentiles | None:
    """PERCENTILES and the most of `seconds`, in milliseconds."""
    if not seconds:
        return None
    found = np.percentile(seconds, [*PERCENTILES, 100]) * 1e3
    return dict(zip([*(f"p{each}" for each in PERCENTILES), "max"], found.tolist(), strict=True))
