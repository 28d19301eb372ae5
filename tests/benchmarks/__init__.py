"""What sessionlab costs beside the bare engine and beside what one would use instead."""
