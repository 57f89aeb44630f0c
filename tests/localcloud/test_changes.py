"""What a listener's changes do to its status and to its load balancer's."""

from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION
from tests.localcloud.listeners import change, create, read
from tests.localcloud.process import LocalCloud


def test_a_balancer_without_listeners_is_inactive_until_it_has_one(client, balancer, listener):
    def status():
        answer = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
        return answer["LoadBalancerStatus"]

    where = {"LoadBalancerId": balancer, "ListenerPort": listener}
    client.call("DeleteLoadBalancerListener", **where)
    assert status() == "inactive"
    create(client, balancer, "TCP")
    assert status() == "active"
    client.call("SetLoadBalancerStatus", LoadBalancerId=balancer, LoadBalancerStatus="inactive")
    create(client, balancer, "UDP")
    assert status() == "inactive"


def test_changes_take_their_time_where_asked_and_refuse_others_meanwhile(tmp_path, refused):
    with LocalCloud(tmp_path / "cloud", env={"LOCALCLOUD_SETTLING_MS": "60000"}) as cloud:
        client = Client(cloud)
        made = client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
        group = client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=made)
        create(client, made, "HTTP", HealthCheck="off")
        where = {"LoadBalancerId": made, "ListenerPort": 90}
        rule = {"RuleName": "r", "Url": "/a", "VServerGroupId": group["VServerGroupId"]}
        rules = {"RegionId": REGION, **where, "RuleList": [rule]}
        rule_id = client.call("CreateRules", **rules)["Rules"]["Rule"][0]["RuleId"]
        client.call("StartLoadBalancerListener", **where)
        assert read(client, made, "HTTP")["Status"] == "starting"
        with refused("Operation.Deny"):
            client.call("StartLoadBalancerListener", **where)
        for action in ("StopLoadBalancerListener", "DeleteLoadBalancerListener"):
            with refused("Operation.NotAllowed"):
                client.call(action, **where)
        with refused("ServiceIsConfiguring"):
            change(client, made, "HTTP", Scheduler="rr")
        this = {"RegionId": REGION, "RuleId": rule_id, "RuleName": "x"}
        for action, params in (
            ("CreateRules", rules),
            ("SetRule", this),
            ("DeleteRules", {"RegionId": REGION, "RuleIds": [rule_id]}),
        ):
            with refused("OperationFailed.ListenerStatusNotSupport"):
                client.call(action, **params)
        cloud.env = {"LOCALCLOUD_SETTLING_MS": "1"}
        cloud.restart()
        # What was begun before lasts as long as it was to.
        assert read(client, made, "HTTP")["Status"] == "starting"


def test_a_short_change_is_over_soon(tmp_path):
    with LocalCloud(tmp_path / "cloud", env={"LOCALCLOUD_SETTLING_MS": "1"}) as cloud:
        client = Client(cloud)
        made = client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
        create(client, made, "TCP")
        where = {"LoadBalancerId": made, "ListenerPort": 90}
        statuses = []
        for action in ("Start", "Stop"):
            client.call(f"{action}LoadBalancerListener", **where)
            statuses.append(read(client, made, "TCP")["Status"])
        assert statuses[0] in ("starting", "running")
        assert statuses[1] in ("stopping", "stopped")
