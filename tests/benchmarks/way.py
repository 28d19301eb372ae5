"""``python -m tests.benchmarks.way MODULE FUNCTION DATA SCRATCH``: do a case's work in one way, and nothing else."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    module, function, data, scratch = sys.argv[1:]
    getattr(import_module(module), function)(Path(data), Path(scratch))
