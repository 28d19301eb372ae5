"""Two conditions on sessions side by side: which succeeds more often, by how much, and how sure that is.

``compare`` counts in DuckDB, in one scan; ``proportions`` holds the statistics, which need no other package;
``Comparison`` is the answer, which says in a line what it comes to.
"""

from sessionlab.compare.comparison import Comparison, Pairs, Side
from sessionlab.compare.counting import compare
from sessionlab.compare.proportions import Difference

__all__ = ["Comparison", "Difference", "Pairs", "Side", "compare"]
