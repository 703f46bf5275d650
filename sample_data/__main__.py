"""`python -m sample_data`: see `sample_data.command`."""

import signal
import sys
from types import FrameType

from sample_data.command import main

TERMINATED = 143


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End like an interruption does, so that partial files are removed."""
    raise SystemExit(TERMINATED)


signal.signal(signal.SIGTERM, _leave)
sys.exit(main())
