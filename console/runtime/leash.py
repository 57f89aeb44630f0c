"""Ties a child process to the life of this one."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
# Found before any fork: a lookup between fork and exec could wait for a lock that nobody frees.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def end_with_parent(parent: int, stop_signal: signal.Signals) -> None:
    """Have the kernel send this process the signal when its parent ends, however it ends.

    parent: the process id that is expected; when that one is gone already, this process ends now.
    """
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def leash(stop_signal: signal.Signals) -> Callable[[], None]:
    """A preexec_fn that ends the child with this process.

    preexec_fn runs after the child has changed its user, which matters: that change would clear
    the request. The kernel watches the thread that forks, so fork from the main thread only.
    """
    parent = os.getpid()
    return lambda: end_with_parent(parent, stop_signal)
