"""Other programs that read audio."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip where one of `tools` is not installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def output_of(*command: str, data: bytes | None = None) -> bytes:
    """What `command` makes of `data`."""
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
