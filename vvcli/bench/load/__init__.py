"""Sessions that arrive at random, at an engine or at a server, and the rate that holds.

In the order to read in:

1. `sessions.py`: a session on its way to its listener, and underruns.
2. `trial.py`: a trial at a rate. `search.py`: the search for the highest that holds.
3. `engine.py`, `engine_trial.py`: sessions of an engine in this process.
4. `server.py`: sessions of any server that speaks as OpenAI's does. `clients.py`: those who arrive,
   in processes. `listener.py`: what one of them hears.

Sessions arrive whether or not the others are done: a server that is slow gets no fewer of them.
"""
