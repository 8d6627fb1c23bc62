"""The streams that speak a record: its parts, each with its noise and guidance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vvcli.engine.stream import NoiseSource, Stream
from vvcli.model.config import ModelConfig
from vvcli.script.record import Record
from vvcli.speech.spoken_record import RecordReader, SpokenRecord

# Parts of a split record draw the noise of indices that no run has records for.
PART_STRIDE = 1 << 32


@dataclass(frozen=True)
class RecordStreams:
    """Makes the streams of records.

    Attributes:
        reader: reads a record's text.
        config: the model's.
        seed: picks the noise, together with a record's index, for records that name none.
        cfg_scale: guidance for records that name none.
        frames: frames a text is spoken in, for weights that cannot tell where speech ends.
    """

    reader: RecordReader
    config: ModelConfig
    seed: int
    cfg_scale: float
    frames: Callable[[str], int] | None = None

    def __call__(self, record: Record, first_number: int) -> tuple[SpokenRecord, list[Stream]]:
        """`record` as it is spoken, and a stream for each of its parts.

        Raises:
            RecordError: this record cannot be spoken.
        """
        read = self.reader.read(record)
        seed, index = (self.seed, record.index) if record.seed is None else (record.seed, 0)
        guidance = self.cfg_scale if record.cfg_scale is None else record.cfg_scale
        return read, [
            Stream(
                number=first_number + i,
                tokens=part.tokens,
                voice=part.voice,
                noise=NoiseSource(seed, index + i * PART_STRIDE, self.config.head.latent_size),
                guidance=guidance,
                max_frames=self.frames(part.text) if self.frames else None,
            )
            for i, part in enumerate(read.parts)
        ]
