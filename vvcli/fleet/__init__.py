"""Workers that speak records, one or many, and who gets what next.

In the order to read in:

1. `dispatcher.py`: tickets, workers and deaths, in pure Python; it touches no process.

The audio of a record does not depend on how many workers there are, nor on which of them spoke
it. A dead worker loses nothing. Nothing here imports multiprocessing or a library for clusters
before it is asked for, and nothing but plain values passes between processes.
"""
