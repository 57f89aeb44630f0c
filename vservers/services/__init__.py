"""Verbs: every write to the cloud starts here, and only here is the mirror written."""
