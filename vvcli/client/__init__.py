"""Speaks through a resident synthesizer (`vvcli serve`): records out, audio back, in order.

In the order to read:

1. `address.py`: where a server is. `connect.py`: a socket to it, if it is our own server.
2. `http_response.py`, `record_frames.py`: what comes back, parsed from bytes alone.
   `connection.py`: one connection, which carries one request at a time.
3. `server_facts.py`: the handshake. `speech_request.py`, `respelling.py`: what is asked for a
   record.
4. `pending.py`: a record that was asked for. `exchange.py`: requests in flight, and those that
   have to be sent again. `resident.py`: `ResidentSynthesizer`, which puts all of it together.

It starts quickly: the standard library alone, of that no more than is used, and numpy only for
formats that compute with samples. Nothing here follows a redirect, believes a length, or puts out
a sample twice.
"""
