"""What HAProxy's master says of its processes: the answer to "show proc"."""

import re

_WORKER = re.compile(r"^(\d+)\s+worker\s", re.MULTILINE)
_OLD_WORKERS = "# old workers"
_FAILED = re.compile(r"\[failed: (\d+)\]")


def workers(processes: str) -> tuple[list[int], list[int]]:
    """Process IDs of the current worker, and of those that only finish their connections."""
    current, _, old = processes.partition(_OLD_WORKERS)
    return [int(pid) for pid in _WORKER.findall(current)], [
        int(pid) for pid in _WORKER.findall(old)
    ]


def failed_reloads(processes: str) -> int:
    """How many reloads in a row have failed."""
    found = _FAILED.search(processes)
    return int(found[1]) if found else 0
