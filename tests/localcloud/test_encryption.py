"""HTTPS beside HTTP, for clients that speak nothing else."""

import json
import socket
import ssl
import stat
from http.client import HTTPSConnection
from urllib.parse import urlencode

import pytest

from tests.localcloud.client import Client
from tests.localcloud.process import LocalCloud
from vservers.localcloud import encryption
from vservers.localcloud.encryption import CERTIFICATE, KEY, server_context

VENDORS = "slb.cn-hangzhou.aliyuncs.com"
ON = {"LOCALCLOUD_TLS_PORT": "0", "LOCALCLOUD_TLS_NAMES": f"*.aliyuncs.com, {VENDORS}"}


def asked(cloud, trusted, host="127.0.0.1"):
    """The answer to a signed DescribeRegions over HTTPS to this machine by that name."""
    client = Client(cloud)
    query = urlencode(client.sign(client.common("slb", "DescribeRegions")))
    context = ssl.create_default_context(cafile=trusted)
    connection = HTTPSConnection(host, cloud.tls_port, timeout=30, context=context)
    connection.sock = context.wrap_socket(
        socket.create_connection(("127.0.0.1", cloud.tls_port), timeout=30), server_hostname=host
    )
    try:
        connection.request("POST", f"/?{query}")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_a_client_that_trusts_the_certificate_calls_by_https(tmp_path):
    with LocalCloud(tmp_path, env=ON) as cloud:
        kept = tmp_path / CERTIFICATE
        assert asked(cloud, kept)["Regions"]["Region"]
        for name in ("localhost", "ecs.aliyuncs.com", VENDORS):
            assert asked(cloud, kept, name)["Regions"]["Region"]
        assert Client(cloud).call("DescribeRegions")["Regions"]["Region"]
        assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
        before = kept.read_bytes()
        cloud.restart()
        assert asked(cloud, kept)["Regions"]["Region"]
        assert kept.read_bytes() == before


def test_who_does_not_trust_it_is_not_answered(tmp_path):
    with LocalCloud(tmp_path, env=ON) as cloud, pytest.raises(ssl.SSLCertVerificationError):
        asked(cloud, None)


def test_without_the_setting_there_is_no_certificate(cloud):
    assert not (cloud.data_dir / CERTIFICATE).exists()


def test_the_certificate_is_no_authority(tmp_path):
    server_context(tmp_path, "127.0.0.1")
    assert ssl.create_default_context(cafile=tmp_path / CERTIFICATE).get_ca_certs() == []


@pytest.mark.parametrize("spoiled", [CERTIFICATE, KEY])
def test_a_broken_or_missing_file_is_made_anew(tmp_path, spoiled):
    server_context(tmp_path, "127.0.0.1")
    (tmp_path / spoiled).write_text("rubbish")
    server_context(tmp_path, "127.0.0.1")
    (tmp_path / spoiled).unlink()
    server_context(tmp_path, "127.0.0.1")
    assert (tmp_path / spoiled).read_text().startswith("-----BEGIN ")


def test_another_address_or_name_or_a_near_end_makes_a_new_certificate(tmp_path, monkeypatch):
    def certificate(host, *further):
        server_context(tmp_path, host, further)
        return (tmp_path / CERTIFICATE).read_bytes()

    first = certificate("127.0.0.1")
    assert certificate("127.0.0.1") == first
    second = certificate("127.0.0.9")
    assert second != first
    assert certificate("127.0.0.9", VENDORS) != second
    monkeypatch.setattr(encryption, "_RENEW_BEFORE_END", encryption._LIFETIME * 2)
    monkeypatch.setattr(encryption, "_LIFETIME", encryption._LIFETIME * 3)
    assert certificate("127.0.0.9") != second
