"""Other programs that read audio."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip where one of `tools` is not installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def completed(
    *command: str, data: bytes = b"", folder: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """`command`, done without an error, with `data` as its input."""
    done = subprocess.run(
        command,
        input=data,
        capture_output=True,
        check=False,
        cwd=folder,
        env=os.environ | variables,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done


def output_of(*command: str, data: bytes = b"") -> bytes:
    """What `command` makes of `data`."""
    return completed(*command, data=data).stdout
