"""The same words on a cluster: ``SparkLab`` asks a data set of Parquet files by Spark, classic or over Connect.

Nothing of Spark's is imported before a session is given. PySpark 4.3 warns of pandas 3 whenever it makes a session or
a pandas frame, and pandas 3 of what PySpark does that pandas 4 will not have: what the metrics give is tested with
both, so neither is shown once this is imported.
"""

import warnings

from sessionlab.spark.lab import SparkLab, SparkMetrics

__all__ = ["SparkLab", "SparkMetrics"]

warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
warnings.filterwarnings("ignore", "The copy keyword is deprecated", DeprecationWarning, r"pyspark\.")
