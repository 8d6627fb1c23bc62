"""Many files from many records: plan, names, manifest, resume.

A job's way, and the order to read in:

1. `inputs.py`, `record_list.py`: the records. `record_voices.py`: their voices. `naming.py`,
   `plan.py`, `gaps.py`: a `Job` for each file.
2. `entry.py`, `manifest.py`: what became of each file; `manifest_file.py`, `manifest_lock.py`: on
   the disk. `fingerprint.py`: what decides its sound. `shards.py`, `share.py`: several jobs
   share a batch.
3. `recover.py`, `resume.py`: what an earlier run left, and what is left to do.
4. `runner.py`, `job_file.py`: chunks into files. `staging.py`, `containment.py`: a file on its way
   to its name, below the output folder.
5. `report.py`: how it went, in words and figures. `book/`: one file of all inputs, with chapters.

A file with its final name is always whole, and has an entry. No path of an input or a manifest
leads out of the output folder. Nothing here imports torch: the plan is made before a model is.
"""
