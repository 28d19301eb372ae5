"""How answers look in a notebook: HTML of bounded size that reads well on light and dark ground.

``markup`` writes tables, ``cells`` writes one value, ``counts`` says how many there are of a thing, ``relation`` shows
the first rows of a relation, and ``hook`` tells IPython of that.
"""

from sessionlab.display.counts import counted
from sessionlab.display.hook import show_relations
from sessionlab.display.markup import facts, framed, table
from sessionlab.display.relation import bundle, relation_html

__all__ = ["bundle", "counted", "facts", "framed", "relation_html", "show_relations", "table"]
