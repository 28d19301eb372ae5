"""Seeded sample sessions of every kind: to try the lab without own data, to test it and to measure it.

>>> from sessionlab.samples import KINDS
>>> KINDS
('codegen', 'workflow', 'conversation', 'worktree')
"""

from sessionlab.samples.files import notebook_files, sample_files
from sessionlab.samples.generate import KINDS
from sessionlab.samples.write import write_samples

__all__ = ["KINDS", "notebook_files", "sample_files", "write_samples"]
