"""Measurements behind `vvcli bench`; `vvcli/cli/bench/` prints them.

- `subject.py`: what is measured: a model, or random weights (`random_model.py`) of a shape
  (`shapes.py`). `machine.py`: on what.
- `frame_time.py`, `floor.py`: the time of a frame, and the least it could be.
- `kernels.py`, `kernel_work.py`: each kernel of a frame, and the least its calls could take.
- `load/`: sessions that arrive at random, at an engine or a server.
- `job.py`, `pipes.py`: a whole run, from a pipe of lines to a pipe of samples. `scaling.py`: by one
  worker and by many, each of which runs `subject_worker.py`. `fleet.py`: many, simulated.
- `compile_targets.py`, `cubin.py`: every kernel and tile compiled for cards that are not there.
- `readings.py`, `trace.py`: time, memory, utilisation, a profile. `streams.py`, `texts.py`: what is
  spoken meanwhile.

A measurement runs the code that `speak` runs, never a copy of it. Its texts, arrivals and weights
are drawn from fixed seeds. It tells what it saw, and never what it expected.
"""
