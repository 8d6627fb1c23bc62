"""How the embedded voice is made: texts, teacher, training, export, evaluation.

`python -m vvcli.voicelab` is the way in (`command_line.py`, `commands.py`), and the order of its
commands the order to read in:

- `settings.py`: sizes, texts and training, in one value. Read it first.
- `teach.py`, `corpus.py`, `latents.py`: lines, the teacher's recordings of them, their latents.
- `loop.py`: the loop; `training.py`: a step's tools. `spectral.py`, `adversarial.py`,
  `language.py`: the three trainings in it.
- `export.py`: the model folder. `evaluate.py`: how well it is understood.

Every step can be interrupted and goes on where it was. Nothing here is imported by `vvcli speak`,
and nothing here runs without being asked for: it needs a GPU and packages of its own.
"""
