"""Playing: raw samples to whatever program of this machine plays them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from vvcli.audio.format_hint import hint
from vvcli.audio.output import Output
from vvcli.audio.pcm import S16LE, AudioWriter, PcmWriter
from vvcli.errors import UnavailableError
from vvcli.samples import Samples

# In the order they are looked for, and what follows the options of the format.
PLAYERS = {
    "pw-play": ["-"],
    "paplay": [],
    "aplay": ["-q", "-"],
    "ffplay": ["-loglevel", "error", "-i", "-"],
}

# What a player says that heard nothing and ends with status 0 all the same.
_FAILURES = {"ffplay": ("audio open failed", "Failed to open file")}

_FORMAT = "s16le"


def find_player() -> Path:
    """The first of `PLAYERS` that is installed.

    Raises:
        UnavailableError: none of them is.
    """
    for name in PLAYERS:
        if found := shutil.which(name):
            return Path(found)
    raise UnavailableError(f"nothing here plays audio: install one of {', '.join(PLAYERS)}")


class PlayedWriter(AudioWriter):
    """Samples at `SAMPLE_RATE` into a writer, which decides where they are, and into a player."""

    def __init__(self, writer: AudioWriter, player: Output) -> None:
        super().__init__()
        self._writer = writer
        self._player = PcmWriter(player, S16LE)

    def write(self, samples: Samples) -> None:
        """Write `samples` [n], and play them."""
        self._writer.write(samples)
        self._player.write(samples)
        self.samples, self.clipped = self._writer.samples, self._writer.clipped

    def finish(self) -> None:
        """Finish the writer."""
        self._writer.finish()
        self.samples, self.clipped = self._writer.samples, self._writer.clipped
        self.loudness = self._writer.loudness


class PlayerOutput(Output):
    """16-bit samples at `rate` Hz, mono, into a player, no faster than it takes them.

    `finish` waits until all is heard; `abandon` silences it at once.

    Raises:
        UnavailableError: there is no player, or it fails.
        BrokenPipeError: somebody has closed it.
    """

    def __init__(self, rate: int) -> None:
        player = find_player()
        tool = "pacat" if player.name == "paplay" else player.name
        raw = ["--raw"] if player.name == "paplay" else []
        command = [str(player), *raw, *hint(tool, _FORMAT, rate), *PLAYERS[player.name]]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the player
        self._process = subprocess.Popen(  # noqa: S603 - a program by its name, and our options
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._errors
        )
        assert self._process.stdin is not None  # noqa: S101
        super().__init__(self._process.stdin.fileno(), player.name)

    def write(self, data: bytes) -> None:
        """Play `data` after what was written before."""
        try:
            super().write(data)
        except BrokenPipeError:
            self._end()
            raise

    def finish(self) -> None:
        """Wait until everything is heard."""
        self.closed = True
        self._close()
        try:
            self._end()
        except BaseException:
            self._kill()
            raise

    def abandon(self) -> None:
        """Stop at once."""
        self.closed = True
        self._kill()
        self._close()

    def _end(self) -> None:
        """Wait for the player, and raise an error if it failed."""
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        failures = _FAILURES.get(self.name, ())
        failed = [line.strip() for line in lines if any(each in line for each in failures)]
        if status or failed:
            said = next((line.strip() for line in reversed(failed or lines) if line.strip()), "")
            reason = f": {said}" if said else f" with status {status}"
            raise UnavailableError(f"{self.name} cannot play the audio{reason}")

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _close(self) -> None:
        with suppress(OSError):
            assert self._process.stdin is not None  # noqa: S101
            self._process.stdin.close()
