"""The command line: options in, exit status out.

- `entry.py`, `main.py`: the process, and the subcommand. Read them first.
- `environment.py`: the standard descriptors, and the protection of the one that carries audio.
- `speak.py` with `speak_plan.py`, `inputs.py`, `speak_run.py` and `read_aloud.py`; `batch.py` with
  `batch_plan.py`, `batch_dry_run.py` and `batch_run.py`; `request.py`, `session.py`: what these
  two do alike. `text.py`, `voices.py`, `models.py`, `format.py`, `check.py`, `completion.py`,
  `bench/`: a command each.
- `options.py`, `text_options.py`, `message_options.py`, `types.py`: options that several commands
  share. `help_groups.py`: which of them help shows. `config_file.py`: their defaults.
- `file_conflicts.py`, `preflight.py`: checks before a run.
- `exit_status.py`, `failures.py`, `signals.py`: how a process ends; `remedies.py`: flags that help.

This is the only room that knows the name of a flag, an exit status or a signal.
Only a command that is about to load a model imports torch: help and mistakes answer at once.
"""
