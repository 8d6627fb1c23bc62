"""Kokoro-82M, the teacher: its weights, batched speech, and the targets that come with it.

Read `weights` (the published int8 file becomes a float model), `batch` (phonemes to speech,
many at once), then `recording` (trimmed and levelled samples, phoneme and pitch per frame).
The packages it needs are those that `vvcli.voicelab.packages` installs.
"""
