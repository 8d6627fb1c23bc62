"""What `speak` and `batch` do alike: show progress, load the model, count, say how it went."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vvcli.cli.environment import STDERR, Environment
from vvcli.cli.fleet_news import hear_of_workers
from vvcli.cli.request import RunRequest
from vvcli.cli.summary import write_summary
from vvcli.progress.report import Progress, open_progress
from vvcli.progress.tally import Tally, count
from vvcli.script.measure import Total

if TYPE_CHECKING:
    from vvcli.client.link import ServerLink
    from vvcli.client.resident import ResidentSynthesizer
    from vvcli.synthesizer import Synthesizer

FEW = 8  # records, which need no more streams than they are


class Session:
    """One run: its progress on standard error, and its figures.

    Attributes:
        progress: for notes.
        tally: the figures.
        clipped: samples that were cut off at full scale, as `note_clipped` was told.
    """

    def __init__(
        self, environment: Environment, request: RunRequest, mode: str, progress: Progress
    ) -> None:
        self._environment = environment
        self._request = request
        self._is_silent = mode == "none"
        self.progress = progress
        self.tally = Tally()
        self.clipped = 0
        self._synthesizer: Synthesizer | None = None

    def load(self, options: dict[str, Any], records: int | None) -> Synthesizer:
        """The synthesizer for `options`, to speak so many `records`, if that is known.

        Raises:
            UnavailableError: as `Synthesizer` does.
        """
        self.progress.note("loading the model")
        if options["streams"] == "auto" and records is not None and records < FEW:
            options = options | {"streams": max(1, records)}
        from vvcli.cli.synthesizer import open_synthesizer  # not where a server has the model

        format_name, rate = self._request.format_name, self._request.rate
        is_levelled = self._request.loudness is not None
        synthesizer = self._synthesizer = open_synthesizer(
            options, format_name, rate, is_levelled=is_levelled
        )
        each = "each of " if synthesizer.workers > 1 else ""
        where = f"{each}{synthesizer.device}"
        self._describe(synthesizer.voice.name, synthesizer.streams, where)
        return synthesizer

    def connect(
        self, link: ServerLink, options: dict[str, Any], *, is_played: bool
    ) -> ResidentSynthesizer:
        """The synthesizer behind `link`, for the same options.

        `is_played` says that the audio is played besides being written.

        Raises:
            UnavailableError: it does not have the voice.
        """
        from vvcli.cli.resident import open_resident

        request = self._request
        resident = open_resident(
            link,
            options,
            request.format_name,
            request.rate,
            is_levelled=request.loudness is not None,
            is_played=is_played,
        )
        where = f"{resident.device}, through {link.address}"
        self._describe(resident.voice.name, resident.streams, where)
        return resident

    def close(self) -> None:
        """End the workers of the synthesizer, and take the progress away."""
        if self._synthesizer is not None:
            self._synthesizer.close()
        self.progress.close()

    def _describe(self, voice: str, streams: int, where: str) -> None:
        request = self._request
        self.progress.note(
            f"{voice}, {request.format_name}, {request.rate} Hz, mono, "
            f"{count(streams, 'stream')} on {where}"
        )

    def tell(self, sentence: str) -> None:
        """Say what went wrong, however little is to be said."""
        if self._is_silent:
            self._environment.say(sentence)
        else:
            self.progress.note(sentence)

    def note_clipped(self, samples: int) -> None:
        """Say that so many samples were cut off, if any were."""
        self.clipped = samples
        if samples:
            what = "1 sample was" if samples == 1 else f"{samples} samples were"
            self.progress.note(f"{what} beyond full scale and cut: try -f f32le")

    def summarize(self, **facts: Any) -> None:
        """Write `--summary`: the figures and `facts`.

        Raises:
            UsageError, OutputError: as `write_summary`.
        """
        request = self._request
        facts |= {"clipped": self.clipped, "format": request.format_name, "rate": request.rate}
        write_summary(request.summary, self.tally, **facts)


@contextmanager
def open_session(
    environment: Environment,
    request: RunRequest,
    total: Total | None,
    *,
    is_typed: bool = False,
) -> Iterator[Session]:
    """A session that shows progress as `request` asks, and how much of `total` is done.

    `is_typed` says that a person types the text, where a live line would be drawn over it.
    """
    mode = "none" if request.quiet else request.progress_mode
    mode = "plain" if mode == "auto" and is_typed else mode
    progress = open_progress(mode, environment.stderr, STDERR, total)
    session = Session(environment, request, mode, progress)
    try:
        with hear_of_workers(session.tell):
            yield session
    finally:
        session.close()
