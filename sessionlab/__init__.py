"""A lab bench for the session records that AI coding agents leave behind."""
