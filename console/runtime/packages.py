"""Programs of the distribution that the console uses, installed through its package manager.

Runs before the virtual environment exists, as `python3 -m console.runtime.packages NAME`, so it
takes nothing from outside the standard library.
"""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# A plain user's PATH lacks the folders where Debian keeps HAProxy.
PATH = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"]
)
_MISSING = 1


@dataclass(frozen=True)
class Manager:
    """A package manager: its command to install, and one that first renews old lists."""

    install: tuple[str, ...]
    refresh: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        return self.install[0]


MANAGERS = (
    Manager(
        ("apt-get", "install", "-y", "-q", "--no-install-recommends", "-oDPkg::Lock::Timeout=120"),
        ("apt-get", "update", "-q"),
    ),
    Manager(("dnf", "install", "-y", "-q")),
    Manager(("yum", "install", "-y", "-q")),
    Manager(("apk", "add", "--quiet"), ("apk", "update", "--quiet")),
    Manager(("pacman", "-S", "--noconfirm", "--needed"), ("pacman", "-Sy")),
    Manager(("zypper", "install", "-y")),
)


@dataclass(frozen=True)
class Wanted:
    """A thing to have: what tells that it is there, its package's name, what goes without it.

    commands: any one of them is enough. packages: by package manager, "" for every other, several
    with blanks between. streams: whether nginx must have its stream module. service: what the
    distribution would start and keep starting, which the console has no use for. language: that a
    font must have letters for.
    """

    title: str
    without: str
    packages: dict[str, str]
    commands: tuple[str, ...] = ()
    modules: tuple[str, ...] = field(default=())
    streams: bool = False
    service: str = ""
    language: str = ""

    def has_command(self) -> bool:
        return any(shutil.which(name, path=PATH) for name in self.commands)

    def is_there(self) -> bool:
        if self.commands and not self.has_command():
            return False
        if self.streams and not _nginx_has_streams():
            return False
        if self.language and not _has_font_for(self.language):
            return False
        # Asked of a fresh interpreter: this one may have been started before the package was there.
        return not self.modules or (
            subprocess.run(
                [sys.executable, "-c", f"import {', '.join(self.modules)}"],
                capture_output=True,
                check=False,
            ).returncode
            == 0
        )


WANTED = {
    "haproxy": Wanted(
        title="HAProxy",
        without="The console runs without data plane: pages work, no load balancer takes traffic.",
        packages={"": "haproxy"},
        commands=("haproxy",),
    ),
    "nginx": Wanted(
        title="nginx with its stream module",
        without="UDP listeners are off; everything else runs.",
        packages={
            "apt-get": "nginx-light libnginx-mod-stream",
            "pacman": "nginx",
            "zypper": "nginx",
            "": "nginx nginx-mod-stream",
        },
        commands=("nginx",),
        streams=True,
        service="nginx.service",
    ),
    "wrk": Wanted(
        title="wrk",
        without="The data plane's requests per second are not measured.",
        packages={"": "wrk"},
        commands=("wrk",),
    ),
    "chromium": Wanted(
        title="Chromium",
        without="The browser tests cannot run.",
        packages={"": "chromium"},
        commands=("chromium", "chromium-browser", "google-chrome"),
    ),
    "chinese-font": Wanted(
        title="A Chinese font",
        without="Pictures show boxes in the place of Chinese letters.",
        packages={"apt-get": "fonts-wqy-zenhei", "": "wqy-zenhei-fonts"},
        language="zh-cn",
    ),
    "venv": Wanted(
        title="Python's venv module",
        without="No virtual environment can be made.",
        packages={
            "apt-get": f"python{sys.version_info.major}.{sys.version_info.minor}-venv",
            "": "python3",
        },
        modules=("ensurepip", "venv"),
    ),
}


def rights() -> tuple[str, ...] | None:
    """What to put before a command to install packages, None when this user may not."""
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo", path=PATH) and _runs(["sudo", "-n", "true"]):
        return ("sudo", "-n")
    return None


def install(wanted: Wanted) -> bool:
    """Have it, installing it where that is possible; False, after saying why, where it is not."""
    if wanted.is_there():
        return True
    manager = next((m for m in MANAGERS if shutil.which(m.program, path=PATH)), None)
    if manager is None:
        _say(f"{wanted.title} is missing and no known package manager is here. {wanted.without}")
        return False
    package = wanted.packages.get(manager.program, wanted.packages[""])
    before = rights()
    if before is None:
        _say(
            f"{wanted.title} is missing and this user may not install packages. {wanted.without}\n"
            f"To have it: sudo {' '.join(manager.install[:2])} {package}"
        )
        return False
    _say(f"{wanted.title} is missing: installing {package} with {manager.program}.")
    if manager.refresh:
        _runs([*before, *manager.refresh])
    with _not_started("" if wanted.has_command() else wanted.service, before):
        done = _runs([*before, *manager.install, *package.split()], quiet=False)
    if done and wanted.is_there():
        return True
    _say(f"{manager.program} could not install {package}. {wanted.without}")
    return False


@contextlib.contextmanager
def _not_started(service: str, before: Sequence[str]) -> Iterator[None]:
    """Keep what is installed now from running as a service: it would take ports, or open them.

    service: "" for nothing to keep, as where the user had it before and may need it.
    """
    if not service or not shutil.which("systemctl", path=PATH):
        yield
        return
    _runs([*before, "systemctl", "mask", "--runtime", service])
    try:
        yield
    finally:
        _runs([*before, "systemctl", "unmask", "--runtime", service])
        _runs([*before, "systemctl", "disable", service])


def _has_font_for(language: str) -> bool:
    if not shutil.which("fc-list", path=PATH):
        return False
    asked = subprocess.run(
        ["fc-list", f":lang={language}"],
        capture_output=True,
        check=False,
    )
    return bool(asked.stdout)


def _nginx_has_streams() -> bool:
    """Whether the stream module is built in, or is a file where nginx looks for modules."""
    program = shutil.which("nginx", path=PATH)
    try:
        told = subprocess.run(
            [program or "nginx", "-V"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    if "--with-stream" in told.stderr.split():
        return True
    folder = re.search(r"--modules-path=(\S+)", told.stderr)
    return folder is not None and Path(folder[1], "ngx_stream_module.so").exists()


def main(arguments: Sequence[str] | None = None) -> int:
    """Have all that is named; the exit code is 1 when something is missing in the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("name", nargs="+", choices=WANTED)
    missing = [name for name in parser.parse_args(arguments).name if not install(WANTED[name])]
    return _MISSING if missing else 0


def _runs(command: Sequence[str], *, quiet: bool = True) -> bool:
    environment = {**os.environ, "PATH": PATH, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else sys.stderr,
            stderr=subprocess.DEVNULL if quiet else None,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
