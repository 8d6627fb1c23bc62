"""Weights, voices and tokenizers from files into the model, safely.

- `model_folder.py`: a model, opened once a command; read this first.
- `hub.py`: the folder that a model's name stands for.
- `json_file.py`, `preprocessor_config.py`, `text_config.py`: what describes it.
- `tokenizer.py`, `tokenizer_json.py`, `character_tokens.py`: text to token ids.
- `weights.py`, `layout.py`, `safetensors_header.py`: the weights, and what they are called.
- `model_voices.py`, `voice_search.py`, `voices.py`: voices, and which file a name means.
  `torch_zip.py`, `restricted_pickle.py`: the published ones, which are pickles.
- `identity.py`: hashes of models and voices.
- `regular_file.py`: files that are read whole, and no larger than they may be. `token_file.py`: the
  secret of a server.

A folder may come from anyone. No code of it runs, no size in it is believed before it is checked,
and a file that is not as it should be is an error that names it.
"""
