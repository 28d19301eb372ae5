"""Past one machine: a lab's canonical tables as a data set of Parquet files, which many labs may fill and share.

``export`` writes a lab's sources into a data set, each for itself and all or nothing; ``DataSet`` keeps one to be read
in place by a lab. What a data set looks like on a disk is told in ``manifest``.
"""

from sessionlab.export.export import drop, export
from sessionlab.export.storage import DataSet
from sessionlab.export.views import copy_tables

__all__ = ["DataSet", "copy_tables", "drop", "export"]
