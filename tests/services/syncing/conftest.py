"""A cloud of its own: a full sync reads all that other tests have left in theirs."""

from tests.cloud import live_cloud  # noqa: F401 - a fixture of this folder
