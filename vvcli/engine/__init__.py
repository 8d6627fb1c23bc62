"""Many streams at once: one step a frame over a fixed table of slots.

A frame's way, and the order to read in:

1. `stream.py`: a request, its noise and its progress. `engine.py`: submit, step, get frames.
2. `scheduler.py`: who gets a slot, a frame, text; one `Plan` (`plan.py`) a step. No torch.
   `sizes.py`: the few sizes that steps and caches have.
3. `slots.py`: the state of all streams on the device. `transfer.py`: a step's text and noise in one
   copy, and its output in another.
4. `step.py`: the stages of a step, the only compute path. `backends/`: what computes them.
   `graphs.py`, `graph_capture.py`: the same list as CUDA graphs. `counters.py`: how it went.
5. `frames.py`: the frames of steps in flight, on their way back. `host_memory.py`: where they wait.

`GLOSSARY.md` defines the words. Of the program's rooms the engine imports `model/` alone. It never
reads a value back from the device within a step, never rebinds a state tensor, never changes the
model it is given, and never calls whoever submits: results come back as values.
"""
