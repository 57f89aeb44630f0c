"""Starting and stopping the process."""

import json
import socket
import stat
import subprocess
import sys

import pytest

from tests.localcloud.client import Client
from tests.localcloud.process import ROOT, LocalCloud
from vservers.localcloud.__main__ import main


def run(*arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "vservers.localcloud", "--no-dataplane", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_taken_port_is_told_with_the_variable_to_set(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        ended = run("--data-dir", str(tmp_path / "cloud"), LOCALCLOUD_PORT=str(port))
    assert ended.returncode == 2
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "LOCALCLOUD_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "cloud").exists()


def test_two_clouds_do_not_share_a_data_directory(cloud):
    ended = run("--port", "0", "--data-dir", str(cloud.data_dir))
    assert ended.returncode == 2
    assert "LOCALCLOUD_DATA_DIR" in ended.stderr


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"LOCALCLOUD_NETWORK": "10.0.0.0/16"}, "no loopback network"),
        ({"LOCALCLOUD_NETWORK": "rubbish"}, "rubbish"),
        ({"LOCALCLOUD_ACCESS_KEY_ID": "only"}, "LOCALCLOUD_ACCESS_KEY_SECRET"),
        ({"LOCALCLOUD_MORE_ACCESS_KEYS": "a:b"}, "id:secret:account"),
        ({"LOCALCLOUD_PORT": "70000"}, "LOCALCLOUD_PORT"),
        ({"LOCALCLOUD_TLS_PORT": "70000"}, "LOCALCLOUD_TLS_PORT"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path, env, words):
    ended = run("--data-dir", str(tmp_path / "cloud"), **{"LOCALCLOUD_PORT": "0"} | env)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("spoiled", ["", "state.sqlite3", "metrics.sqlite3"])
def test_a_directory_that_cannot_be_used_is_told(tmp_path, monkeypatch, capsys, spoiled):
    place = tmp_path / "cloud"
    if spoiled:
        place.mkdir()
        (place / spoiled).write_text("no database " * 100)
    else:
        place.write_text("a file where a directory should be")
    monkeypatch.setattr(
        sys, "argv", ["localcloud", "--no-dataplane", "--port", "0", "--data-dir", str(place)]
    )
    assert main() == 2
    said = capsys.readouterr().err
    assert said.startswith("local cloud: ")
    assert str(place) in said


def test_a_generated_key_is_kept_and_readable_by_its_owner_only(tmp_path):
    cloud = LocalCloud(tmp_path / "cloud", access_key_id="", access_key_secret="")
    with cloud:
        path = cloud.data_dir / "access-key.json"
        pair = json.loads(path.read_text())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        client = Client(cloud, pair["access_key_id"], pair["access_key_secret"])
        client.call("DescribeRegions")
        cloud.restart()
        client.call("DescribeRegions")


def test_a_cloud_without_demo_is_empty_and_stays_so(tmp_path):
    with LocalCloud(tmp_path / "cloud", demo=False) as cloud:
        answer = Client(cloud).call("DescribeLoadBalancers", RegionId="cn-hangzhou")
        assert answer["TotalCount"] == 0


def test_sigterm_ends_it_cleanly(tmp_path):
    cloud = LocalCloud(tmp_path / "cloud").start()
    assert cloud.stop() == 0
