"""VibeVoice-Realtime as plain torch modules with explicit state.

- `config.py`: shapes, from the published `config.json`. `voice.py`: the state a stream starts from.
- `vibevoice.py`: the whole model. Read it first.
- `transformer.py`: the two language models, with the norm and feed-forward that others use.
- `diffusion_head.py`: from a condition and noise to a latent, and the solver's steps.
- `acoustic_decoder.py`: from latents to samples.
- `empty.py`: a model without memory or initial values, to be filled from a checkpoint.
  `exchange.py`: copies in which some parts are others.

The modules are the reference for every back-end, and what training runs. They keep no state
between calls, know no slots, and import nothing of the program but each other.
"""
