"""CloudMonitor's own SDK reads the metrics."""

import json
import shutil
import time

import pytest
from alibabacloud_cms20190101.client import Client as CmsClient
from alibabacloud_cms20190101.models import DescribeMetricLastRequest, DescribeMetricListRequest
from alibabacloud_tea_openapi.models import Config

from tests.localcloud.client import Client
from tests.localcloud.process import LocalCloud
from tests.localcloud.test_served import SHOP, answers, place

pytestmark = [
    pytest.mark.contract,
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed"),
]
ASKED = {
    "namespace": "acs_slb_dashboard",
    "metric_name": "Qps",
    "dimensions": json.dumps([{"instanceId": SHOP, "port": "80", "protocol": "http"}]),
    "period": "1",
}


def test_the_sdk_reads_metrics(tmp_path):
    env = {"LOCALCLOUD_METRIC_SECONDS": "1"}
    with LocalCloud(tmp_path / "cloud", dataplane=True, env=env) as cloud:
        sdk = CmsClient(
            Config(
                access_key_id=cloud.access_key_id,
                access_key_secret=cloud.access_key_secret,
                endpoint=cloud.host,
                protocol="HTTP",
                region_id="cn-hangzhou",
            )
        )
        answers(place(Client(cloud)), 25)
        deadline = time.monotonic() + 20
        found = 0.0
        while round(found, 3) != 25:
            assert time.monotonic() < deadline, found
            body = sdk.describe_metric_list(DescribeMetricListRequest(**ASKED)).body
            assert (body.code, body.success, body.period) == ("200", True, "1")
            found = sum(point["Average"] for point in json.loads(body.datapoints))
            time.sleep(0.2)
        last = sdk.describe_metric_last(DescribeMetricLastRequest(**ASKED)).body
        (point,) = json.loads(last.datapoints)
        assert (point["instanceId"], point["port"]) == (SHOP, "80")
