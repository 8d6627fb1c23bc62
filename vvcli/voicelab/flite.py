"""The teacher: flite's statistical voices, through ctypes (Debian package libflite1)."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vvcli.voicelab.settings import TEACHER_RATE

Samples = NDArray[np.int16]

_LIBRARIES = ("libflite.so.1", "libflite_usenglish.so.1", "libflite_cmulex.so.1")
_LEAD = TEACHER_RATE * 80 // 1000
_TAIL = TEACHER_RATE * 130 // 1000
_SILENCE = 90.0  # root mean square of 10 ms; the quietest consonants are above


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class Flite:
    """One voice of flite, `slt` or `rms`; deterministic: equal text gives equal samples.

    `FLITE_LIBRARIES` names a folder to load the shared libraries from instead of the system's.
    """

    def __init__(self, voice: str) -> None:
        folder = os.environ.get("FLITE_LIBRARIES")
        paths = [
            str(Path(folder) / name) if folder else name
            for name in (*_LIBRARIES, f"libflite_cmu_us_{voice}.so.1")
        ]
        # Each library uses symbols of the ones before it.
        libraries = [ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL) for path in paths]
        self._flite = libraries[0]
        self._flite.flite_init()
        register = getattr(libraries[-1], f"register_cmu_us_{voice}")
        register.restype = ctypes.c_void_p
        self._flite.flite_text_to_wave.restype = ctypes.POINTER(_Wave)
        self._flite.flite_text_to_wave.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
        self._flite.delete_wave.argtypes = (ctypes.POINTER(_Wave),)
        self._voice = register(None)

    def speak(self, text: str) -> Samples:
        """Samples at 16 kHz of `text`, with its silences at both ends cut to fixed lengths."""
        wave = self._flite.flite_text_to_wave(text.encode(), self._voice)
        try:
            if wave.contents.sample_rate != TEACHER_RATE:
                raise ValueError(f"flite speaks at {wave.contents.sample_rate} Hz")
            count = wave.contents.num_samples
            return trimmed(np.ctypeslib.as_array(wave.contents.samples, (count,)).copy())
        finally:
            self._flite.delete_wave(wave)


def trimmed(samples: Samples) -> Samples:
    """Leave 80 ms of silence before and 130 ms after what can be heard."""
    step = TEACHER_RATE // 100
    frames = samples[: len(samples) // step * step].reshape(-1, step).astype(np.float32)
    heard = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > _SILENCE)
    if not len(heard):
        return samples
    start = max(0, int(heard[0]) * step - _LEAD)
    return samples[start : (int(heard[-1]) + 1) * step + _TAIL]
