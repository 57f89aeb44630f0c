"""Reads: what a page shows, from the mirror alone, in queries that rows do not multiply."""
