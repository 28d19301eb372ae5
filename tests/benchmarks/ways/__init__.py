"""The ways to do a case's work, each run in a process of its own: what one needs is imported within."""
