"""Installing what the distribution has; the package managers here note what they are told."""

from pathlib import Path

import pytest

from console.runtime import packages
from console.runtime.packages import Wanted, install

WANTED = Wanted(
    title="The engine",
    without="Nothing turns.",
    packages={"": "engine", "apt-get": "engine-for-debian"},
    commands=("engine",),
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose programs are those of one folder, and whose user is root."""
    monkeypatch.setattr(packages, "PATH", str(tmp_path))
    monkeypatch.setattr(packages.os, "geteuid", lambda: 0)
    return tmp_path


def program(machine: Path, name: str, *, makes: str = "", code: int = 0) -> None:
    """A program that notes its arguments, and may make another one."""
    path = machine / name
    lines = ["#!/bin/sh", f'echo "{name} $*" >> {machine}/told']
    if makes:
        lines.append(f'case "$*" in *{makes}*) /bin/ln -sf {path} {machine}/{makes};; esac')
    path.write_text("\n".join([*lines, f"exit {code}", ""]))
    path.chmod(0o755)


def told(machine: Path) -> list[str]:
    path = machine / "told"
    return path.read_text().splitlines() if path.exists() else []


def test_what_is_there_is_left_alone(machine: Path):
    program(machine, "apt-get")
    program(machine, "engine")
    assert install(WANTED)
    assert told(machine) == []


def test_root_installs_after_renewing_the_lists(machine: Path):
    program(machine, "apt-get", makes="engine")
    assert install(WANTED)
    assert told(machine)[0] == "apt-get update -q"
    assert told(machine)[1].startswith("apt-get install")
    assert told(machine)[1].endswith("engine-for-debian")


def test_another_manager_uses_its_own_name_for_the_package(machine: Path):
    program(machine, "dnf", makes="engine")
    assert install(WANTED)
    assert told(machine) == ["dnf install -y -q engine"]


def test_a_user_with_sudo_installs_through_it(machine: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    program(machine, "zypper")
    program(machine, "sudo", makes="engine")
    assert install(WANTED)
    assert told(machine)[-1].startswith("sudo -n zypper")


def test_a_user_without_rights_is_told_what_to_type(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    program(machine, "sudo", code=1)
    program(machine, "apt-get")
    assert not install(WANTED)
    said = capsys.readouterr().err
    assert "Nothing turns." in said
    assert "To have it: sudo apt-get install" in said
    assert told(machine) == ["sudo -n true"]


def test_a_manager_that_fails_is_named(machine: Path, capsys: pytest.CaptureFixture[str]):
    program(machine, "apt-get", code=100)
    assert not install(WANTED)
    assert "apt-get could not install engine-for-debian" in capsys.readouterr().err


def test_without_a_manager_it_says_so(machine: Path, capsys: pytest.CaptureFixture[str]):
    assert not install(WANTED)
    assert "no known package manager" in capsys.readouterr().err


NGINX = packages.WANTED["nginx"]


def nginx(machine: Path, options: str) -> str:
    """An nginx that was built with these options, as a program to put in a folder."""
    path = machine / "nginx"
    path.write_text(f'#!/bin/sh\necho "configure arguments: {options}" >&2\n')
    path.chmod(0o755)
    return str(path)


def test_nginx_counts_only_with_its_stream_module(machine: Path):
    nginx(machine, "--with-stream --with-threads")
    assert NGINX.is_there()
    nginx(machine, f"--modules-path={machine} --with-stream=dynamic")
    assert not NGINX.is_there()
    (machine / "ngx_stream_module.so").touch()
    assert NGINX.is_there()


def test_nginx_is_installed_without_becoming_a_service(machine: Path):
    program(machine, "apt-get")
    program(machine, "systemctl")
    assert not install(NGINX)
    assert [line for line in told(machine) if "update" not in line] == [
        "systemctl mask --runtime nginx.service",
        "apt-get install -y -q --no-install-recommends -oDPkg::Lock::Timeout=120"
        " nginx-light libnginx-mod-stream",
        "systemctl unmask --runtime nginx.service",
        "systemctl disable nginx.service",
    ]


def test_an_nginx_that_was_there_keeps_its_service(machine: Path):
    program(machine, "apt-get")
    program(machine, "systemctl")
    nginx(machine, "--with-threads")
    assert not install(NGINX)
    assert not any("systemctl" in line for line in told(machine))
