"""Kokoro-82M, the teacher: its weights, batched speech, and the targets that come with it.

In reading order:

- `weights`: the published int8 file becomes a float model
- `batch`: phonemes to speech, many at once
- `recording`: trimmed and levelled samples, with the phoneme and the pitch of each frame
- `kokoro`: all of it as the rest of voicelab sees it

The packages it needs are those that `vvcli.voicelab.packages` installs. No module here imports
them before it runs, and none trains anything.
"""
