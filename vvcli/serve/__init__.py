"""The resident synthesizer: HTTP, WebSocket and a Unix socket in front of `Synthesizer`'s sessions.

In the order to read:

1. `server_info.py`: what a server is and what it may do. `server.py`: its life, from the first
   listener to the last stream; `drain.py`: the end of it.
2. `unix_socket.py`, `tcp_socket.py`, `systemd.py`: where it listens.
3. `http_protocol.py`: uvicorn's, with deadlines and bounds. `guard.py`: who is let in.
4. `app.py`: the routes. `speech_request.py`, `request_body.py`: what is asked for; `api_error.py`:
   what is wrong with it.
5. `listener.py`: a session, awaited. `speech_response.py`, `encoding.py`: its audio over HTTP;
   `stream_socket.py`, `stream_commands.py`: over a WebSocket.
6. `metrics.py`, `access_log.py`, `stalls.py`: who hears what, and who does not.

It is a caller of the public API and knows no model. No path, and no line of a log, is a client's to
choose; what a client does, or fails to do, costs no other client anything.
"""
