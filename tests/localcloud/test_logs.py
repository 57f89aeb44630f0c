"""Access logs and high-definition monitoring: kept and told."""

from tests.localcloud.conftest import REGION

SHANGHAI = {"RegionId": "cn-shanghai"}


def logs(client, **params):
    answer = client.call("DescribeAccessLogsDownloadAttribute", RegionId=REGION, **params)
    return [
        (one["LoadBalancerId"], one["LogProject"], one["LogStore"], one["LogType"])
        for one in answer["LogsDownloadAttributes"]["LogsDownloadAttribute"]
    ]


def test_access_logs_are_set_replaced_and_deleted(client, balancer, refused):
    row = {"LoadBalancerId": balancer, "LogProject": "project", "LogStore": "store"}
    setting, name = "SetAccessLogsDownloadAttribute", "LogsDownloadAttributes"
    client.call(setting, RegionId=REGION, **{name: [row]})
    client.call(setting, RegionId=REGION, **{name: [row | {"LogStore": "other"}]})
    assert logs(client, LoadBalancerId=balancer) == [(balancer, "project", "other", "layer7")]
    assert logs(client, LoadBalancerId="lb-other") == []
    for wrong, code, status in (
        ([row | {"LoadBalancerId": "lb-nothing"}], "InvalidLoadBalancerId.NotFound", 404),
        ([{"LoadBalancerId": balancer}], "MissingParameter", 400),
        ([row | {"LogType": "layer4"}], "InvalidParameter", 400),
        ("text", "InvalidParameter", 400),
    ):
        with refused(code, status):
            client.call(setting, RegionId=REGION, **{name: wrong})
    delete = "DeleteAccessLogsDownloadAttribute"
    with refused("InvalidLoadBalancerId.NotFound", 404):
        client.call(delete, RegionId=REGION, **{name: [{"LoadBalancerId": "lb-nothing"}]})
    client.call(delete, RegionId=REGION, **{name: [{"LoadBalancerId": balancer}]})
    assert logs(client) == []
    client.call(setting, RegionId=REGION, **{name: [row]})
    client.call("DeleteLoadBalancer", LoadBalancerId=balancer)
    assert logs(client) == []
    with refused("InvalidParameter"):
        logs(client, PageSize=51)


def test_high_definition_monitoring_is_a_setting_of_the_region(client, refused):
    def found():
        answer = client.call("DescribeHighDefinationMonitor", **SHANGHAI)
        return answer["LogProject"], answer["LogStore"], answer["Success"]

    where = SHANGHAI | {"LogProject": "project", "LogStore": "store"}
    assert found() == ("", "", "true")
    with refused("OperationNotAllowed.HighDefinitionMonitorNotEnabled"):
        client.call("ModifyHighDefinationMonitor", **where)
    assert client.call("EnableHighDefinationMonitor", **where)["Success"] == "true"
    with refused("OperationNotAllowed.HighDefinitionMonitorEnabled"):
        client.call("EnableHighDefinationMonitor", **where)
    client.call("ModifyHighDefinationMonitor", **where | {"LogStore": "elsewhere"})
    assert found() == ("project", "elsewhere", "true")
    with refused("InvalidParameter"):
        client.call("ModifyHighDefinationMonitor", **where | {"LogProject": "abc"})
    with refused("MissingParameter"):
        client.call("DescribeHighDefinationMonitor")
