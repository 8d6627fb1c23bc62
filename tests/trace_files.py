"""`python tests/trace_files.py`: the files that one line of text passes through, stdin to PCM.

Runs `vvcli speak` on the CPU with the test model. Counted are the files of vvcli whose functions
are entered from the first byte read to the last one written; loading the model comes before. It is
quiet: a line of progress, which a slow machine would come to, is not on the way.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType

from vvcli.audio.output import Output
from vvcli.cli.environment import Environment
from vvcli.cli.main import run
from vvcli.script.feed import Feed

VVCLI = Path(__file__).resolve().parents[1] / "vvcli"
TINY = Path(__file__).parent / "data" / "tiny"
LINE = b"Hello there, how are you?\n"


def trace() -> list[str]:
    """The files, in the order in which they are first entered."""
    stdin, text = os.pipe()
    os.dup2(stdin, 0)
    entered: list[str] = []
    has_begun = False
    end = 0

    def on_call(frame: FrameType, event: str, argument: object) -> None:
        nonlocal has_begun, end
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(VVCLI)):
            return
        if code is Feed._pull.__code__:  # the model is loaded, and the reader waits
            os.write(text, LINE)
            os.close(text)
            has_begun = True
        if has_begun:
            entered.append(str(Path(code.co_filename).relative_to(VVCLI)))
            if code is Output.write.__code__:
                end = len(entered)

    threading.setprofile(on_call)
    sys.setprofile(on_call)
    try:
        with tempfile.TemporaryFile() as out:
            os.dup2(out.fileno(), 1)
            options = ["-q", "-m", str(TINY), "--device", "cpu"]
            status = run(["speak", *options], Environment.claim())
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    if status:
        raise SystemExit(status)
    return list(dict.fromkeys(entered[:end]))


if __name__ == "__main__":
    files = trace()
    print(*files, f"{len(files)} files", sep="\n", file=sys.stderr)
