"""The VServer group family over HTTP."""

import json

import pytest

from tests.localcloud.conftest import REGION, pay, report, rows, web

ADD = "AddVServerGroupBackendServers"


def create(client, balancer, servers=None, **params):
    if servers is not None:
        params["BackendServers"] = servers
    return client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=balancer, **params)


def read(client, group):
    return client.call("DescribeVServerGroupAttribute", RegionId=REGION, VServerGroupId=group)


def test_a_new_group_is_answered_and_read_back(client, balancer):
    made = create(
        client,
        balancer,
        [{"ServerId": web(1), "Port": 80, "Weight": 0, "Description": "前端-1"}],
        VServerGroupName="订单-api/v1.0_a",
        **{"Tag.1.Key": "app", "Tag.1.Value": "shop"},
    )
    group = read(client, made["VServerGroupId"])
    assert group["VServerGroupName"] == "订单-api/v1.0_a"
    assert group["LoadBalancerId"] == balancer
    assert group["Tags"]["Tag"] == [{"TagKey": "app", "TagValue": "shop"}]
    assert group["BackendServers"]["BackendServer"] == [
        {"ServerId": web(1), "Port": 80, "Weight": 0, "Type": "ecs", "Description": "前端-1"}
    ]


def test_a_group_may_be_empty_and_nameless(client, balancer):
    made = create(client, balancer)
    assert made["BackendServers"] == {"BackendServer": []}


def test_weight_defaults_to_100_and_single_quotes_and_digit_strings_are_taken(client, balancer):
    texts = f"[{{'ServerId':'{web(1)}','Port':'80','Type': 'ecs'}}]"
    assert rows(create(client, balancer, texts)) == [(web(1), 80, 100)]


def test_one_server_may_be_there_on_several_ports(client, balancer):
    servers = [{"ServerId": web(1), "Port": port} for port in (80, 81)]
    assert len(rows(create(client, balancer, servers))) == 2


def test_twenty_servers_a_call_and_not_one_more(client, balancer, refused):
    servers = [{"ServerId": web(1), "Port": port} for port in range(1, 22)]
    assert len(rows(create(client, balancer, servers[:20]))) == 20
    with refused("TooManyBackendServers", words="max supported number: 20"):
        create(client, balancer, servers)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"Port": 0}, "InvalidParameter"),
        ({"Port": 65536}, "InvalidParameter"),
        ({"Port": ""}, "InvalidParameter"),
        ({"Port": "http"}, "InvalidParameter"),
        ({"Port": None}, "InvalidParameter"),
        ({"Port": 80.5}, "BackendServersMalformed"),
        ({"Weight": -1}, "InvalidWeight.Malformed"),
        ({"Weight": 101}, "InvalidWeight.Malformed"),
        ({"Weight": ""}, "InvalidWeight.Malformed"),
        ({"Weight": "heavy"}, "InvalidWeight.Malformed"),
        ({"Type": "ip"}, "BackendServer.InvalidType"),
        ({"ServerId": ""}, "BackendServersMalformed"),
        ({"ServerId": ["i-1"]}, "BackendServersMalformed"),
        ({"Description": "line\nbreak"}, "InvalidParameter"),
        ({"ServerId": "i-nosuchserver"}, "ObtainIpFail"),
        ({"ServerId": web(8)}, "ObtainIpFail"),
        ({"ServerId": "i-uf6orders010000000000"[:22]}, "ObtainIpFail"),
        ({"ServerId": "eni-bp1", "Type": "eni"}, "BackendServer.InvalidType"),
        ({"ServerId": "eci-bp1", "Type": "eci"}, "BackendServer.InvalidType"),
        ({"ServerId": "eni-bp1"}, "ObtainIpFail"),
    ],
)
def test_a_wrong_row_is_refused_and_nothing_is_made(client, balancer, refused, row, code):
    with refused(code):
        create(client, balancer, [{"ServerId": web(1), "Port": 80} | row])
    listed = client.call("DescribeVServerGroups", RegionId=REGION, LoadBalancerId=balancer)
    assert listed["VServerGroups"] == {"VServerGroup": []}


@pytest.mark.parametrize("text", ["x", "{}", "[", "null", "[1]", "[[]]", '["i-1"]', "[" * 5000])
def test_a_text_that_is_no_list_of_servers_is_malformed(client, balancer, refused, text):
    with refused("BackendServersMalformed"):
        create(client, balancer, text)


@pytest.mark.parametrize("name", ["a" * 81, "two words", "a;b", "a\nb", "<b>", "emoji😀"])
def test_a_wrong_name_is_refused(client, balancer, refused, name):
    with refused("InvalidParameter", words="VServerGroupName"):
        create(client, balancer, VServerGroupName=name)


def test_eighty_characters_are_a_name_and_names_may_repeat(client, balancer):
    first, second = (create(client, balancer, VServerGroupName="组" * 80) for _ in range(2))
    assert first["VServerGroupId"] != second["VServerGroupId"]


def test_the_same_server_and_port_twice_in_a_call_is_refused(client, balancer, refused):
    servers = [{"ServerId": web(1), "Port": 80}, {"ServerId": web(1), "Port": "80"}]
    with refused("InvalidParameter", words="duplicated value of ServerID and Port"):
        create(client, balancer, servers)


def test_a_server_that_is_there_on_that_port_cannot_be_added_again(client, group, refused):
    row = [{"ServerId": web(1), "Port": 80, "Weight": 5}]
    with refused("InvalidParameter", words="duplicated value"):
        client.call(ADD, RegionId=REGION, VServerGroupId=group, BackendServers=row)
    assert rows(read(client, group)) == [(web(1), 80, 100)]


def test_servers_are_added_and_removed_and_unknown_ones_ignored(client, group):
    added = client.call(
        ADD,
        RegionId=REGION,
        VServerGroupId=group,
        BackendServers=[{"ServerId": web(2), "Port": 81, "Weight": 7}],
    )
    assert rows(added) == [(web(1), 80, 100), (web(2), 81, 7)]
    gone = [
        {"ServerId": web(1), "Port": 80, "Weight": "100", "Type": "ecs"},
        {"ServerId": web(2), "Port": 9999},
        {"ServerId": "i-nosuchserver", "Port": 1},
    ]
    left = client.call(
        "RemoveVServerGroupBackendServers",
        RegionId=REGION,
        VServerGroupId=group,
        BackendServers=gone,
    )
    assert rows(left) == [(web(2), 81, 7)]


def test_set_changes_name_weight_and_description_and_keeps_the_rest(client, group):
    client.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 0}],
    )
    client.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group,
        VServerGroupName="second",
        BackendServers=[{"ServerId": web(1), "Port": 80, "Description": "kept"}],
    )
    found = read(client, group)
    assert found["VServerGroupName"] == "second"
    assert rows(found) == [(web(1), 80, 0)]
    assert found["BackendServers"]["BackendServer"][0]["Description"] == "kept"


def test_set_refuses_a_server_that_is_no_member_and_an_empty_request(client, group, refused):
    with refused("InvalidParameter", words="The specified BackendServers is invalid"):
        client.call(
            "SetVServerGroupAttribute",
            RegionId=REGION,
            VServerGroupId=group,
            BackendServers=[{"ServerId": web(2), "Port": 80, "Weight": 1}],
        )
    with refused("MissingParameter", words="is required at lease one"):
        client.call("SetVServerGroupAttribute", RegionId=REGION, VServerGroupId=group)


def test_modify_replaces_a_port_in_one_step(client, group, refused):
    params = {
        "RegionId": REGION,
        "VServerGroupId": group,
        "OldBackendServers": [{"ServerId": web(1), "Port": 80}],
        "NewBackendServers": [{"ServerId": web(1), "Port": 8080, "Weight": 9}],
    }
    changed = client.call("ModifyVServerGroupBackendServers", **params)
    assert rows(changed) == [(web(1), 8080, 9)]
    params["NewBackendServers"] *= 2
    with refused("InvalidParameter", words="duplicated value"):
        client.call("ModifyVServerGroupBackendServers", **params)
    with refused("MissingParameter"):
        client.call("ModifyVServerGroupBackendServers", RegionId=REGION, VServerGroupId=group)


def test_the_last_classic_server_may_be_replaced_by_one_of_a_vpc(client, group):
    changed = client.call(
        "ModifyVServerGroupBackendServers",
        RegionId=REGION,
        VServerGroupId=group,
        OldBackendServers=[{"ServerId": web(1), "Port": 80}],
        NewBackendServers=[{"ServerId": pay(1), "Port": 80}],
    )
    assert rows(changed) == [(pay(1), 80, 100)]


def test_an_internet_balancer_takes_one_network_only(client, balancer, group, refused):
    with refused("InvalidBackendServers.Inconsistent"):
        create(client, balancer, [{"ServerId": pay(1), "Port": 80}])


def test_servers_of_two_vpcs_do_not_mix(client, balancer, refused):
    with refused("InvalidBackendServers.Inconsistent"):
        create(client, balancer, [{"ServerId": who, "Port": 80} for who in (pay(1), report(1))])


def test_an_intranet_balancer_takes_its_own_vpc_only(client, refused):
    made = client.call(
        "CreateLoadBalancer",
        RegionId=REGION,
        AddressType="intranet",
        VSwitchId="vsw-bp1payh000000001",
    )
    assert (made["NetworkType"], made["VpcId"]) == ("vpc", "vpc-bp1payments0000001")
    balancer = made["LoadBalancerId"]
    for stranger in (web(1), report(1)):
        with refused("NetworkConflict"):
            create(client, balancer, [{"ServerId": stranger, "Port": 80}])
    assert rows(create(client, balancer, [{"ServerId": pay(1), "Port": 80}]))


def test_a_classic_intranet_balancer_takes_no_vpc_server(client, refused):
    made = client.call("CreateLoadBalancer", RegionId=REGION, AddressType="intranet")
    with refused("NetworkConflict"):
        create(client, made["LoadBalancerId"], [{"ServerId": pay(1), "Port": 80}])


def test_the_list_has_counts_and_users_only_when_asked(client, balancer, group, listener):
    client.call(
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=balancer,
        ListenerPort=listener,
        VServerGroup="on",
        VServerGroupId=group,
    )
    client.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=balancer,
        ListenerPort=listener,
        RuleList=[{"RuleName": "r", "Domain": "a.example.com", "VServerGroupId": group}],
    )
    ask = {"RegionId": REGION, "LoadBalancerId": balancer}
    (plain,) = client.call("DescribeVServerGroups", **ask)["VServerGroups"]["VServerGroup"]
    assert plain["ServerCount"] == 1
    assert plain["AssociatedObjects"] == {"Listeners": {"Listener": []}, "Rules": {"Rule": []}}
    ask |= {"IncludeListener": "True", "IncludeRule": "true"}
    (full,) = client.call("DescribeVServerGroups", **ask)["VServerGroups"]["VServerGroup"]
    users = full["AssociatedObjects"]
    assert users["Listeners"]["Listener"] == [{"Protocol": "http", "Port": 80}]
    assert users["Rules"]["Rule"][0]["Domain"] == "a.example.com"


def test_the_list_is_filtered_by_name_and_tag(client, balancer):
    create(client, balancer, VServerGroupName="one", **{"Tag.1.Key": "k", "Tag.1.Value": "v"})
    create(client, balancer, VServerGroupName="two")
    ask = {"RegionId": REGION, "LoadBalancerId": balancer}

    def names(**filters):
        found = client.call("DescribeVServerGroups", **ask, **filters)["VServerGroups"]
        return [group["VServerGroupName"] for group in found["VServerGroup"]]

    assert names(Description="two") == ["two"]
    assert names(**{"Tag.1.Key": "k"}) == ["one"]
    assert names(**{"Tag.1.Key": "k", "Tag.1.Value": "w"}) == []


def test_a_group_in_use_is_not_deleted(client, balancer, group, listener, refused):
    ask = {"RegionId": REGION, "VServerGroupId": group}
    bind = {"LoadBalancerId": balancer, "ListenerPort": listener}
    client.call(
        "SetLoadBalancerHTTPListenerAttribute", VServerGroup="on", VServerGroupId=group, **bind
    )
    with refused("RspoolVipExist", words="vips associating"):
        client.call("DeleteVServerGroup", **ask)
    client.call("SetLoadBalancerHTTPListenerAttribute", VServerGroup="off", **bind)
    made = client.call(
        "CreateRules",
        RegionId=REGION,
        RuleList=[{"RuleName": "r", "Url": "/a", "VServerGroupId": group}],
        **bind,
    )
    with refused("RspoolRuleExist", words="rules associating"):
        client.call("DeleteVServerGroup", **ask)
    rule = made["Rules"]["Rule"][0]["RuleId"]
    client.call("DeleteRules", RegionId=REGION, RuleIds=[rule])
    client.call("DeleteVServerGroup", **ask)
    with refused("InvalidParameter", 404, "The specified VServerGroupId does not exist."):
        read(client, group)


def test_a_group_of_another_region_does_not_exist(client, group, refused):
    with refused("InvalidParameter", 404, "does not exist"):
        client.call("DescribeVServerGroupAttribute", RegionId="cn-shanghai", VServerGroupId=group)


def test_a_group_holds_two_hundred_members(client, group, refused):
    for start in range(1000, 1199, 20):
        ports = range(start, min(start + 20, 1199))
        client.call(
            ADD,
            RegionId=REGION,
            VServerGroupId=group,
            BackendServers=json.dumps([{"ServerId": web(2), "Port": port} for port in ports]),
        )
    with refused("InstanceBackendServerNumberOverLimit"):
        client.call(
            ADD,
            RegionId=REGION,
            VServerGroupId=group,
            BackendServers=[{"ServerId": web(3), "Port": 80}],
        )
    assert len(rows(read(client, group))) == 200
