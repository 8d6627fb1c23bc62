"""Records in, ordered audio out.

A record's way, and the order to read in:

1. `values.py`: `Chunk`, `Utterance`, `Status`: the audio of a record, and how it ended.
2. `parameters.py`: what callers may ask for. `device.py`: what `auto` means.
   `loaded_model.py`: a model on its device. `speaker.py`: with a voice and an engine.
   `kernels.py`: a device's kernels on their own, for `check` and `warm`.
3. `look_ahead.py`: chunks are made while others are written.
   `spoken_record.py`, `split.py`: a record as it is spoken, in parts if it is too long, and the
   streams that speak them, and how it goes.
4. `run.py`: records through the engine. `order.py`: back into their order. `faults.py`,
   `retry.py`: broken speech is spoken again. `stretch.py`, `splice.py`: faster or slower.
5. `sessions.py`: live sessions beside each other, on the one thread of `session_engine.py`.
   `turns.py`: who speaks now. `session_state.py`: what the two share. `session_work.py`,
   `audio_queue.py`: what is left, what is made. `session_settings.py`: what it speaks with.
   `session_opener.py` opens it.

`vvcli/fleet/worker.py` puts them together. Audio comes out in the order of the records, whatever is
done first. A record that fails never stops the others. Nothing here writes a file or a message.
"""
