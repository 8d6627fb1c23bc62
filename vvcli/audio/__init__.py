"""Samples to bytes to descriptors, in order.

- `output.py`: `Output`, an open descriptor. Read it first. `output_file.py`: that of a name, often
  a file that appears when it is whole. `part_file.py` writes such files, `file_rights.py` gives
  them their owner, `descriptors.py` tells what a name in /dev/fd stands for.
- `player.py`: samples to a program that plays them.
- `formats.py`: the formats by name. `writer.py`: the writer of each. `format_hint.py`: the options
  with which other programs read it.
- `pcm.py`: samples as PCM into an output; `wav.py`, `au.py`: its headers.
  `encoded.py`: FLAC, Opus and MP3. `resample.py`: another rate. `encoder_pool.py`: threads that
  write several files.
- `loudness.py`, `loudness_writer.py`, `levels.py`: files at a loudness, measured while they come.
- `track.py`, `cues.py`: records one after another, and where each of them is. `chapters.py`,
  `tags.py`: what a long file says of itself.

Memory does not grow with the length of the audio. A name never stands for part of a file, no link
is followed on output, and numpy is imported only with the first samples.
"""
