"""Progress on standard error, for a person or a program.

- `tally.py`: `Tally`, the figures of a run. Read it first.
- `report.py`: `Progress`, the interface, and which form is used when.
- `bar.py`, `status_line.py`: one live line on a terminal. `plain_lines.py`: a line every few
  seconds. `json_lines.py`: an object a line.
- `visible.py`: text of files and other people, so that it cannot steer a terminal. `encoding.py`:
  characters that a terminal lacks.

Progress sees chunks after they are written. It never holds up the audio, never writes to standard
output, and imports rich only to draw.
"""
