"""Workers that speak records, one or many, and who gets what next.

In the order to read in:

1. `fleet.py`: workers behind one interface. `worker.py`: an engine and its loop, and one alone.
2. `dispatcher.py`, `longest_first.py`, `least_loaded.py`: tickets, workers and deaths, in pure
   Python; no process is touched.
3. `pool.py`: workers outside of this process. `run.py`: a run of many of them. `files.py`,
   `open_file.py`: for the files of a batch. `audio_run.py`: for those who hear it; `ordered.py`: as
   a stream, `session_run.py`, `sessions.py`: as live sessions. `many.py` puts them together, and
   `closable.py` lets any thread end them.
4. `devices.py`, `cores.py`: where workers run. `processes.py`: as processes of this host, which
   `child.py` is the program of. `channel.py`, `ring.py`, `plain_values.py`: what passes between
   them.
5. `inbox.py`, `loop.py`, `make_files.py`, `session_loop.py`, `record_order.py`: a worker's end, in
   any process or actor; `load.py` loads its model. `open.py` opens any fleet.
6. `ray_cluster.py`, `ray_actors.py`, `ray_worker.py`: workers as actors of a Ray cluster.
   `speak.py`: one worker for the rows of `ray.data`.

The audio of a record does not depend on how many workers there are, nor on which of them spoke
it. A dead worker loses nothing. Nothing is imported here for clusters, nor a process started,
before it is asked for, and nothing but plain values passes between processes.
"""
