"""`vvcli bench`: how fast this machine is, by one frame, under load, end to end.

- `options.py`: the options that all subcommands have, and how results come out. Read it first.
- `group.py`: the subcommands.
- `frame.py`: the time of a frame, eagerly and with graphs.
- `kernels.py`: the kernels of a frame. `load.py`, `load_server.py`: sessions that arrive at random,
  whose trials are printed by `trials.py`.
- `run.py`: a whole job. `fleet.py`: many workers, simulated.

A module here parses options and prints; `vvcli/bench/` measures. Torch is imported only inside a
command.
"""

from vvcli.cli.bench.group import bench

__all__ = ["bench"]
