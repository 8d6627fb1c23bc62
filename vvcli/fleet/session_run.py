"""Live sessions spoken by the workers of a pool: a `SpokenBy`, whose streams are whole records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from vvcli.fleet.audio_run import AudioRun
from vvcli.fleet.plain_values import ChunkMessage, Plain, with_spoken
from vvcli.fleet.run import POISON
from vvcli.samples import SAMPLE_RATE, Samples
from vvcli.speech.session_work import RecordWork
from vvcli.speech.spoken_record import RecordState
from vvcli.speech.values import Status

# Samples after which a worker is told that they have come, well before it has to wait for it.
ACKNOWLEDGED = SAMPLE_RATE


@dataclass(eq=False)
class RemoteStream:
    """A record that is spoken elsewhere.

    Attributes:
        options: of its session.
        record: what is spoken.
        out: samples that were handed out.
        skip: of these, what a worker that died has made, to be left out of what comes.
        received, acknowledged: samples of the worker that has it now.
    """

    options: Plain
    record: Plain
    ticket: int = -1
    paused: bool = False
    out: int = 0
    skip: int = 0
    received: int = 0
    acknowledged: int = 0


class RemoteEnd(NamedTuple):
    """How a record ended."""

    status: Status
    error: str | None
    said: str | bool | None = None
    respelled: int = 0
    clipped: int = 0


class RemoteFrame(NamedTuple):
    """Some audio of a record."""

    stream: RemoteStream
    samples: Samples
    end: RemoteEnd | None


class RemoteWork(RecordWork):
    """A record of which others know how it is spoken."""

    def note_end(self, end: RemoteEnd) -> None:
        """Take in how it ended."""
        record, error = with_spoken(self.state.record, end.said, end.respelled), end.error
        if error == POISON:
            error = f"{record.label}: {error}"
        self.state = RecordState(record, end.status, error)
        self.clipped = end.clipped


class SessionRun(AudioRun[RemoteStream]):
    """Records of sessions in, their audio out; see `SpokenBy`, and `FleetRun` for arguments."""

    stalled = False  # whatever changes wakes the pool, which is waited for

    def __init__(self, *others: Any) -> None:
        super().__init__(*others)
        self._streams: dict[int, RemoteStream] = {}  # by ticket
        self._frames: list[RemoteFrame] = []

    @property
    def busy(self) -> bool:
        """Whether a record is being spoken, or waits for it."""
        return bool(self._streams)

    def submit(self, stream: RemoteStream) -> None:
        """Queue `stream` for the worker that has the least to do."""
        stream.ticket = self.dispatcher.add()
        self._streams[stream.ticket] = stream

    def cancel(self, stream: RemoteStream) -> None:
        """Speak no more of `stream`."""
        if self._streams.pop(stream.ticket, None) is None:
            return
        owner = self.dispatcher.owner(stream.ticket)
        if owner is not None:  # else it is finished as soon as somebody has it
            self.send(owner, "leave", stream.ticket)
            self.dispatcher.finish(owner, stream.ticket)

    def pause(self, stream: RemoteStream, *, paused: bool = True) -> None:
        """Acknowledge no more of `stream`, so that its worker pauses it; or go on."""
        stream.paused = paused
        self._acknowledge(stream)

    def step(self) -> list[RemoteFrame]:
        """Wait for audio, or to be woken.

        Raises:
            UnavailableError: no worker is left.
        """
        for worker, ticket in self.dispatcher.hand_out():
            stream = self._streams.get(ticket)
            if stream is None:
                self.dispatcher.finish(worker, ticket)
            else:
                self.send(worker, "say", ticket, stream.options, stream.record)
        self.take()
        frames, self._frames = self._frames, []
        return frames

    def retry(self, worker: int, tickets: list[int]) -> None:
        """Have others make what `worker` made of `tickets`, but for the samples that are out."""
        for ticket in tickets:
            if (stream := self._streams.get(ticket)) is not None:
                stream.skip = stream.out
                stream.received = stream.acknowledged = 0

    def fail(self, ticket: int) -> None:
        """End the record here."""
        if (stream := self._streams.pop(ticket, None)) is not None:
            end = RemoteEnd(Status.FAILED, POISON)
            self._frames.append(RemoteFrame(stream, self.no_samples, end))

    def find(self, ticket: int) -> RemoteStream | None:
        """The record of `ticket`; None if it was cancelled."""
        return self._streams.get(ticket)

    def hear(
        self, spoken: RemoteStream, samples: Samples, skipped: int, message: ChunkMessage
    ) -> None:
        """Hand audio on, and acknowledge it."""
        spoken.received += skipped + len(samples)
        spoken.out += len(samples)
        end = None
        if message.status is None:
            self._acknowledge(spoken)
        else:
            del self._streams[message.ticket]
            end = RemoteEnd(
                Status(message.status),
                *(message.error, message.said, message.respelled, message.record_clipped),
            )
        if len(samples) or end is not None:
            self._frames.append(RemoteFrame(spoken, samples, end))

    def _acknowledge(self, stream: RemoteStream) -> None:
        owner = self.dispatcher.owner(stream.ticket)
        if owner is None or stream.paused:
            return
        if stream.received - stream.acknowledged >= ACKNOWLEDGED:
            stream.acknowledged = stream.received
            self.send(owner, "acknowledge", stream.ticket, stream.received)
