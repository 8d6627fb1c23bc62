from __future__ import annotations

import gc

from vvcli.speech.long_lived import spare_long_lived


def test_what_is_there_is_not_looked_at_again() -> None:
    there = [[number] for number in range(1000)]
    gc.unfreeze()
    try:
        spare_long_lived()
        assert gc.get_freeze_count() > len(there)
        assert not any(item is there for item in gc.get_objects())
    finally:
        gc.unfreeze()
