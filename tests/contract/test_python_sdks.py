"""The vendor's own Python SDKs, unmodified, against the local cloud."""

import json

import pytest
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_slb20140515 import models as slb
from alibabacloud_slb20140515.client import Client as SlbClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from aliyunsdkslb.request.v20140515 import (
    AddVServerGroupBackendServersRequest,
    CreateVServerGroupRequest,
    DeleteVServerGroupRequest,
    DescribeVServerGroupAttributeRequest,
    ModifyVServerGroupBackendServersRequest,
    RemoveVServerGroupBackendServersRequest,
    SetVServerGroupAttributeRequest,
)

from tests.localcloud.process import LocalCloud

pytestmark = pytest.mark.contract

REGION = "cn-hangzhou"
SHOP = "lb-bp1shopinternet0001"
WEB_1 = "i-bp1web01000000000000"
WEB_2 = "i-bp1web02000000000000"
ROW = {"ServerId": WEB_1, "Port": 80, "Weight": 30, "Type": "ecs", "Description": "web a/b"}
NEW_ROW = {"ServerId": WEB_2, "Port": 81, "Weight": 70, "Type": "ecs"}


def config(cloud: LocalCloud, **more: str) -> Config:
    return Config(
        access_key_id=cloud.access_key_id,
        access_key_secret=cloud.access_key_secret,
        endpoint=cloud.host,
        protocol="HTTP",
        region_id=REGION,
        **more,
    )


@pytest.mark.parametrize("signature", [{}, {"signature_algorithm": "v2"}], ids=["v3", "v1"])
def test_the_new_sdk_creates_reads_changes_and_deletes_a_group(cloud, signature):
    client = SlbClient(config(cloud, **signature))
    balancers = client.describe_load_balancers(
        slb.DescribeLoadBalancersRequest(region_id=REGION, load_balancer_id=SHOP)
    ).body
    assert [one.load_balancer_id for one in balancers.load_balancers.load_balancer] == [SHOP]
    made = client.create_vserver_group(
        slb.CreateVServerGroupRequest(
            region_id=REGION,
            load_balancer_id=SHOP,
            vserver_group_name="合同-sdk",
            backend_servers=json.dumps([ROW | {"Description": "前端/b"}]),
            tag=[slb.CreateVServerGroupRequestTag(key="app", value="a b+c&d=é")],
        )
    ).body
    group = made.vserver_group_id
    client.add_vserver_group_backend_servers(
        slb.AddVServerGroupBackendServersRequest(
            region_id=REGION, vserver_group_id=group, backend_servers=json.dumps([NEW_ROW])
        )
    )
    client.set_vserver_group_attribute(
        slb.SetVServerGroupAttributeRequest(
            region_id=REGION,
            vserver_group_id=group,
            vserver_group_name="renamed",
            backend_servers=json.dumps([ROW | {"Weight": 0, "Description": "drained"}]),
        )
    )
    read = client.describe_vserver_group_attribute(
        slb.DescribeVServerGroupAttributeRequest(region_id=REGION, vserver_group_id=group)
    ).body
    assert read.vserver_group_name == "renamed"
    assert [tag.tag_value for tag in read.tags.tag] == ["a b+c&d=é"]
    assert [
        (one.server_id, one.port, one.weight) for one in read.backend_servers.backend_server
    ] == [(WEB_1, 80, 0), (WEB_2, 81, 70)]
    listed = client.describe_vserver_groups(
        slb.DescribeVServerGroupsRequest(
            region_id=REGION, load_balancer_id=SHOP, include_listener=True, include_rule=True
        )
    ).body
    assert [
        one.server_count
        for one in listed.vserver_groups.vserver_group
        if one.vserver_group_id == group
    ] == [2]
    client.delete_vserver_group(
        slb.DeleteVServerGroupRequest(region_id=REGION, vserver_group_id=group)
    )
    with pytest.raises(ClientException) as gone:
        client.describe_vserver_group_attribute(
            slb.DescribeVServerGroupAttributeRequest(region_id=REGION, vserver_group_id=group)
        )
    assert (gone.value.code, gone.value.status_code) == ("InvalidParameter", 404)
    assert "The specified VServerGroupId does not exist." in gone.value.message


@pytest.mark.parametrize("signature", [{}, {"signature_algorithm": "v2"}], ids=["v3", "v1"])
def test_the_new_sdk_leads_a_listener_through_its_life(cloud, signature):
    client = SlbClient(config(cloud, **signature))
    balancer = client.create_load_balancer(
        slb.CreateLoadBalancerRequest(region_id=REGION, load_balancer_name="sdk")
    ).body.load_balancer_id
    client.create_load_balancer_httplistener(
        slb.CreateLoadBalancerHTTPListenerRequest(
            load_balancer_id=balancer,
            listener_port=80,
            backend_server_port=8080,
            health_check="on",
            sticky_session="off",
        )
    )
    client.start_load_balancer_listener(
        slb.StartLoadBalancerListenerRequest(load_balancer_id=balancer, listener_port=80)
    )
    group = client.create_vserver_group(
        slb.CreateVServerGroupRequest(region_id=REGION, load_balancer_id=balancer)
    ).body.vserver_group_id
    rules = [{"RuleName": "r", "Domain": "a.example.com", "VServerGroupId": group}]
    made = client.create_rules(
        slb.CreateRulesRequest(
            region_id=REGION,
            load_balancer_id=balancer,
            listener_port=80,
            rule_list=json.dumps(rules),
        )
    ).body
    rule_id = made.rules.rule[0].rule_id
    listener = client.describe_load_balancer_httplistener_attribute(
        slb.DescribeLoadBalancerHTTPListenerAttributeRequest(
            load_balancer_id=balancer, listener_port=80
        )
    ).body
    assert (listener.status, listener.health_check_interval) == ("running", 2)
    assert [rule.rule_id for rule in listener.rules.rule] == [rule_id]
    listed = client.describe_load_balancer_listeners(
        slb.DescribeLoadBalancerListenersRequest(region_id=REGION, load_balancer_id=[balancer])
    ).body
    assert [one.status for one in listed.listeners] == ["running"]
    assert listed.listeners[0].httplistener_config.idle_timeout == 15
    attribute = client.describe_load_balancer_attribute(
        slb.DescribeLoadBalancerAttributeRequest(load_balancer_id=balancer)
    ).body
    ports = attribute.listener_ports_and_protocol.listener_port_and_protocol
    assert [(one.listener_port, one.listener_protocol) for one in ports] == [(80, "http")]
    client.delete_rules(slb.DeleteRulesRequest(region_id=REGION, rule_ids=json.dumps([rule_id])))
    client.delete_load_balancer(slb.DeleteLoadBalancerRequest(load_balancer_id=balancer))


def test_the_new_sdk_manages_the_default_pool(cloud):
    client = SlbClient(config(cloud))
    balancer = client.create_load_balancer(
        slb.CreateLoadBalancerRequest(region_id=REGION)
    ).body.load_balancer_id
    client.add_backend_servers(
        slb.AddBackendServersRequest(
            load_balancer_id=balancer, backend_servers=json.dumps([{"ServerId": WEB_1}])
        )
    )
    changed = client.set_backend_servers(
        slb.SetBackendServersRequest(
            load_balancer_id=balancer,
            backend_servers=json.dumps([{"ServerId": WEB_1, "Weight": "5"}]),
        )
    ).body
    assert [one.weight for one in changed.backend_servers.backend_server] == ["5"]
    left = client.remove_backend_servers(
        slb.RemoveBackendServersRequest(
            load_balancer_id=balancer, backend_servers=json.dumps([{"ServerId": WEB_1}])
        )
    ).body
    assert left.backend_servers.backend_server == []
    client.delete_load_balancer(slb.DeleteLoadBalancerRequest(load_balancer_id=balancer))


def test_the_new_ecs_sdk_reads_regions_and_instances(cloud):
    client = EcsClient(config(cloud))
    regions = client.describe_regions(ecs.DescribeRegionsRequest()).body.regions.region
    assert REGION in [region.region_id for region in regions]
    answer = client.describe_instances(
        ecs.DescribeInstancesRequest(
            region_id=REGION,
            page_number=1,
            page_size=100,
            instance_ids=json.dumps([WEB_1]),
            tag=[ecs.DescribeInstancesRequestTag(key="role", value="web")],
        )
    ).body
    (instance,) = answer.instances.instance
    assert (instance.instance_id, instance.instance_network_type) == (WEB_1, "classic")
    assert instance.inner_ip_address.ip_address[0].startswith("127.")


def old_call(cloud: LocalCloud, request: RpcRequest, **params: str) -> dict:
    client = AcsClient(cloud.access_key_id, cloud.access_key_secret, REGION)
    request.set_accept_format("JSON")
    request.set_endpoint(cloud.host)
    for name, value in params.items():
        getattr(request, f"set_{name}")(value)
    return json.loads(client.do_action_with_exception(request))


def test_the_old_sdk_creates_reads_changes_and_deletes_a_group(cloud):
    made = old_call(
        cloud,
        CreateVServerGroupRequest.CreateVServerGroupRequest(),
        LoadBalancerId=SHOP,
        VServerGroupName="old-sdk",
        # As Terraform's provider writes it.
        BackendServers=f"[{{'ServerId':'{WEB_1}','Port':'80','Weight':'100', 'Type': 'ecs'}}]",
    )
    group = made["VServerGroupId"]
    old_call(
        cloud,
        AddVServerGroupBackendServersRequest.AddVServerGroupBackendServersRequest(),
        VServerGroupId=group,
        BackendServers=json.dumps([NEW_ROW]),
    )
    old_call(
        cloud,
        ModifyVServerGroupBackendServersRequest.ModifyVServerGroupBackendServersRequest(),
        VServerGroupId=group,
        OldBackendServers=json.dumps([NEW_ROW]),
        NewBackendServers=json.dumps([NEW_ROW | {"Port": 82}]),
    )
    old_call(
        cloud,
        SetVServerGroupAttributeRequest.SetVServerGroupAttributeRequest(),
        VServerGroupId=group,
        VServerGroupName="renamed",
    )
    old_call(
        cloud,
        RemoveVServerGroupBackendServersRequest.RemoveVServerGroupBackendServersRequest(),
        VServerGroupId=group,
        BackendServers=json.dumps([ROW]),
    )
    describe = DescribeVServerGroupAttributeRequest.DescribeVServerGroupAttributeRequest
    read = old_call(cloud, describe(), VServerGroupId=group)
    assert read["VServerGroupName"] == "renamed"
    (left,) = read["BackendServers"]["BackendServer"]
    assert (left["ServerId"], left["Port"]) == (WEB_2, 82)
    old_call(
        cloud,
        DeleteVServerGroupRequest.DeleteVServerGroupRequest(),
        VServerGroupId=group,
    )
    with pytest.raises(ServerException) as gone:
        old_call(cloud, describe(), VServerGroupId=group)
    assert gone.value.get_http_status() == 404
    assert gone.value.get_error_code() == "InvalidParameter"
    assert gone.value.get_request_id()


def test_both_sdks_recognise_a_wrong_secret(cloud):
    wrong = LocalCloud(cloud.data_dir, port=cloud.port, access_key_secret="wrong")
    with pytest.raises(ClientException) as new:
        SlbClient(config(wrong)).describe_regions(slb.DescribeRegionsRequest())
    assert new.value.code == "SignatureDoesNotMatch"
    with pytest.raises(ServerException) as old:
        old_call(
            wrong,
            CreateVServerGroupRequest.CreateVServerGroupRequest(),
            LoadBalancerId=SHOP,
        )
    # The SDK compares the server's string to sign with its own before it blames the secret.
    assert old.value.get_error_code() == "InvalidAccessKeySecret"
