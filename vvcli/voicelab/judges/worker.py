"""A program that judges wav files: a request a line on standard input, an answer a line out.

Both are JSON objects. A request has `path` (mono, 16-bit) and `text`; the answer has `said` and
`heard`, both as Whisper's normaliser writes them, and `naturalness` from 1 to 5. The first argument
is the folder of the judges' packages. It imports nothing of vvcli, whose packages may be others.
"""

from __future__ import annotations

import contextlib
import json
import sys
import types
import wave
from pathlib import Path
from typing import Any

INT16_RANGE = 32768  # as in vvcli.samples

RATE = 16_000


def main() -> None:
    """Answer until the input ends."""
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    # DistilMOS imports torchaudio for a feature that is not used here.
    torchaudio = types.ModuleType("torchaudio")
    transforms = types.ModuleType("torchaudio.transforms")
    transforms.MFCC = None  # type: ignore[attr-defined]
    sys.modules.update({"torchaudio": torchaudio, "torchaudio.transforms": transforms})
    torchaudio.transforms = transforms  # type: ignore[attr-defined]

    import distillmos
    import numpy as np
    import soxr
    import torch
    from faster_whisper import WhisperModel
    from whisper_normalizer.english import EnglishTextNormalizer

    whisper = WhisperModel(str(folder / "whisper-base"), device="cpu", compute_type="int8")
    with contextlib.redirect_stdout(sys.stderr):  # it talks
        listener = distillmos.ConvTransformerSQAModel().eval()
    normalize = EnglishTextNormalizer()

    def answer(request: dict[str, str]) -> dict[str, Any]:
        with wave.open(request["path"]) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            rate = file.getframerate()
        low = soxr.resample(samples.astype(np.float32) / INT16_RANGE, rate, RATE)
        low = np.pad(low, (0, max(0, RATE // 2 - len(low))))  # less is too short to judge
        segments, _ = whisper.transcribe(
            low,
            language="en",
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            max_new_tokens=20 + 12 * len(low) // RATE,  # or it says the same again for ever
        )
        heard = " ".join(segment.text for segment in segments)
        with torch.inference_mode():
            naturalness = listener(torch.from_numpy(low)[None]).item()
        return {
            "said": normalize(request["text"]),
            "heard": normalize(heard),
            "naturalness": naturalness,
        }

    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
