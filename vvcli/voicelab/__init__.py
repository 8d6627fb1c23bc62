"""How the embedded voice is made: texts, teacher, training, export, evaluation.

Nothing here is imported by `vvcli speak`; `python -m vvcli.voicelab` is the way in.
"""
