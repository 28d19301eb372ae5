"""``python -m sessionlab``: the same as the command ``sessionlab``."""

from sessionlab.cli import main

main()
