"""What the client says when calls fail, against a live cloud and ports where none is."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flaky import Fault, FlakyCloud, flaky_before
from tests.localcloud.process import LocalCloud
from vservers.cloud import (
    Cloud,
    CloudRefused,
    CloudUnreachable,
    Credentials,
    OutcomeUnknown,
    deadline,
    sending,
)
from vservers.cloud.calls import delete_vserver_group
from vservers.cloud.transport import Transport


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with LocalCloud(tmp_path_factory.mktemp("client-cloud")) as running:
        yield running


@pytest.fixture
def flaky(live):
    with flaky_before(live.endpoint) as proxy:
        yield proxy


def cloud_at(endpoint, live, *, secret=""):
    key = Credentials(live.access_key_id, secret or live.access_key_secret)
    return Cloud(endpoint=endpoint, credentials=key, region_id="cn-hangzhou")


def test_it_reads_all_pages(live):
    cloud = cloud_at(live.endpoint, live)
    assert len(list(cloud.ecs.describe_instances())) == 24
    assert {b.address_type for b in cloud.slb.describe_load_balancers()} == {
        "internet",
        "intranet",
    }
    assert cloud.written == []


def test_a_refusal_carries_code_message_and_request_id(live):
    with pytest.raises(CloudRefused) as caught:
        cloud_at(live.endpoint, live).slb.send(delete_vserver_group("rsp-nothing"))
    assert caught.value.status == 404
    assert caught.value.is_missing
    assert caught.value.request_id


def test_a_wrong_secret_is_refused_and_never_shown(live):
    cloud = cloud_at(live.endpoint, live, secret="wrong-secret-value")
    with pytest.raises(CloudRefused) as caught:
        cloud.slb.describe_regions()
    assert caught.value.code == "SignatureDoesNotMatch"
    assert live.access_key_id not in str(caught.value), "the string that was signed stays out"
    assert "wrong-secret-value" not in repr(vars(cloud)) + str(caught.value)
    assert "wrong-secret-value" not in repr(Credentials("id", "wrong-secret-value"))


def test_a_port_where_nothing_listens_was_never_reached(live):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    cloud = cloud_at(endpoint, live)
    with pytest.raises(CloudUnreachable):
        cloud.slb.send(delete_vserver_group("rsp-x"))
    assert [call.outcome for call in cloud.written] == ["unreachable"]


def test_calls_go_through_the_proxy_of_the_environment(live, flaky: FlakyCloud, monkeypatch):
    monkeypatch.setenv("http_proxy", flaky.endpoint)
    flaky.meet("DescribeRegions", Fault(False, answer=(200, b'{"RequestId": "proxy"}')))
    assert cloud_at("http://slb.invalid", live).slb.describe_regions() == []


def test_a_thread_keeps_its_connections_to_some_endpoints_only(live, monkeypatch):
    monkeypatch.setattr(sending, "MOST_ENDPOINTS", 2)
    host = live.endpoint.removeprefix("http://127.0.0.1")

    def kept() -> int:
        for name in ("127.0.0.1", "localhost", "127.1", "127.0.1"):
            assert cloud_at(f"http://{name}{host}", live).slb.describe_regions()
        return len(sending._mine.ways)

    with ThreadPoolExecutor(max_workers=1) as thread:
        assert thread.submit(kept).result() == 2


def test_a_dropped_answer_of_a_write_is_unknown(live, flaky: FlakyCloud):
    flaky.drop_answers("DeleteVServerGroup", 1)
    cloud = cloud_at(flaky.endpoint, live)
    with pytest.raises(OutcomeUnknown):
        cloud.slb.send(delete_vserver_group("rsp-x"))
    assert [call.outcome for call in cloud.written] == ["unknown"]


def test_throttling_is_given_up_after_a_bound(live, flaky: FlakyCloud):
    flaky.refuse("DescribeRegions", "Throttling", 50)
    key = Credentials(live.access_key_id, live.access_key_secret)
    transport = Transport(flaky.endpoint, key, retry_seconds=1)
    with pytest.raises(CloudRefused) as caught:
        transport.call(
            product="slb",
            version="2014-05-15",
            action="DescribeRegions",
            region_id="cn-hangzhou",
            params={},
        )
    assert caught.value.is_throttling


def test_an_answer_that_is_not_the_apis_is_unknown(live):
    # The readiness page is no JSON object of the API.
    cloud = cloud_at(f"{live.endpoint}/-/ready", live)
    with pytest.raises((OutcomeUnknown, CloudRefused)):
        cloud.slb.send(delete_vserver_group("rsp-x"))


@pytest.mark.parametrize("end", ["silent", "trickling"])
def test_an_answer_that_does_not_end_is_given_up(live, flaky: FlakyCloud, monkeypatch, end):
    """Each byte in time, and never all of them: the bound is on the whole."""
    monkeypatch.setattr(deadline, "ANSWER_SECONDS", 0.5)
    flaky.meet("DeleteVServerGroup", Fault(True, end))
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="NoAnswer"):
        cloud_at(flaky.endpoint, live).slb.send(delete_vserver_group("rsp-x"))
    assert 0.5 <= time.monotonic() - began < 10


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome to the airport</html>",
        b"[]",
        b'"fine"',
        b"[" * 100_000,
        b'{"status": "ok"}',
        b"\xff\xfe\xfd",
    ],
    ids=["empty", "html", "list", "text", "deep", "no RequestId", "no text"],
)
@pytest.mark.parametrize("status", [200, 302, 403, 502])
def test_what_is_not_the_apis_answer_is_unknown(live, flaky: FlakyCloud, status, body):
    flaky.meet("DeleteVServerGroup", Fault(False, answer=(status, body)))
    with pytest.raises(OutcomeUnknown, match="UnreadableAnswer"):
        cloud_at(flaky.endpoint, live).slb.send(delete_vserver_group("rsp-x"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"RequestId": "r", "VServerGroups": [1]}',
        b'{"RequestId": "r", "VServerGroups": {"VServerGroup": [{}]}}',
        b'{"RequestId": "r", "VServerGroups": {"VServerGroup": [7]}}',
        b'{"RequestId": "r", "VServerGroups": {"VServerGroup": '
        b'[{"VServerGroupId": "rsp-1", "ServerCount": "many"}]}}',
    ],
)
def test_an_answer_without_what_it_must_hold_is_an_error_of_the_cloud(live, flaky, body):
    flaky.meet("DescribeVServerGroups", Fault(False, answer=(200, body)))
    cloud = cloud_at(flaky.endpoint, live)
    with pytest.raises(OutcomeUnknown, match="UnreadableAnswer"):
        cloud.slb.describe_vserver_groups("lb-x")
