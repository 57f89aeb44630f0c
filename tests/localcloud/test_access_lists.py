"""Access control lists, and the older white list of a listener."""

import pytest

from tests.localcloud.conftest import REGION

CREATE = {"RegionId": REGION, "AclName": "list"}
HTTP = "LoadBalancerHTTPListener"


def read(client, acl, **params):
    return client.call("DescribeAccessControlListAttribute", RegionId=REGION, AclId=acl, **params)


def entries(client, acl, **params):
    found = read(client, acl, **params)["AclEntrys"]["AclEntry"]
    return [(one["AclEntryIP"], one["AclEntryComment"]) for one in found]


def add(client, acl, *rows):
    client.call("AddAccessControlListEntry", RegionId=REGION, AclId=acl, AclEntrys=list(rows))


def test_a_list_is_made_filled_renamed_and_deleted(client, acl, refused):
    assert entries(client, acl) == [("10.1.0.0/16", "office")]
    add(client, acl, {"entry": "192.168.0.1", "comment": "家"}, {"entry": "10.2.0.0/16"})
    client.call(
        "RemoveAccessControlListEntry",
        RegionId=REGION,
        AclId=acl,
        # One as it was written, one in another spelling, one that is not there.
        AclEntrys=[{"entry": "10.1.0.0/16"}, {"entry": "192.168.0.1/32"}, {"entry": "9.9.9.9/32"}],
    )
    assert entries(client, acl) == [("10.2.0.0/16", "")]
    client.call("SetAccessControlListAttribute", RegionId=REGION, AclId=acl, AclName="renamed")
    found = read(client, acl)
    assert (found["AclName"], found["TotalAclEntry"]) == ("renamed", 1)
    client.call("DeleteAccessControlList", RegionId=REGION, AclId=acl)
    for action, more in (
        ("DescribeAccessControlListAttribute", {}),
        ("DeleteAccessControlList", {}),
        ("SetAccessControlListAttribute", {"AclName": "x"}),
        ("AddAccessControlListEntry", {"AclEntrys": [{"entry": "1.1.1.1"}]}),
        ("RemoveAccessControlListEntry", {"AclEntrys": [{"entry": "1.1.1.1"}]}),
    ):
        with refused("AclNotExist"):
            client.call(action, RegionId=REGION, AclId=acl, **more)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"entry": "10.0.0.0/33"}], "IllegalEntry"),
        ([{"entry": "somewhere"}], "IllegalEntry"),
        ([{"entry": "10.0.0.0/8\n}"}], "IllegalEntry"),
        ([{"entry": "fd00::/8"}], "IllegalEntry"),
        ([{"entry": "10.9.0.0/16"}, {"entry": "10.9.1.1/16"}], "InvalidParam.AclEntryExists"),
        ([{"entry": "10.1.0.0/16"}], "InvalidParam.AclEntryExists"),
        ([{"entry": "10.9.0.0/16", "comment": "two\nlines"}], "InvalidParam.Comment"),
        ([{"entry": "10.9.0.0/16", "comment": "x" * 257}], "InvalidParam.Comment"),
        ([{"comment": "x"}], "MissingParameter"),
        ([], "MissingParameter"),
        ([{"entry": f"10.9.{number}.0/24"} for number in range(51)], "InvalidParameter"),
        ("no list", "InvalidParameter"),
    ],
)
def test_wrong_entries_are_refused_all_of_them(client, acl, refused, rows, code):
    more = [{"entry": "10.8.0.0/16"}] if isinstance(rows, list) and rows else []
    with refused(code):
        client.call(
            "AddAccessControlListEntry",
            RegionId=REGION,
            AclId=acl,
            AclEntrys=rows + more if more else rows,
        )
    assert entries(client, acl) == [("10.1.0.0/16", "office")]


def test_three_hundred_entries_and_not_one_more(client, acl, refused):
    for block in range(6):
        rows = [{"entry": f"10.{100 + block}.{number}.0/24"} for number in range(50)]
        if block == 5:
            rows = rows[:49]
        add(client, acl, *rows)
    with refused("AclEntryExceedLimit"):
        add(client, acl, {"entry": "10.200.0.0/16"})
    page = entries(client, acl, Page=7, PageSize=50)
    assert page == []
    assert len(entries(client, acl, Page=6, PageSize=50)) == 50
    assert entries(client, acl, AclEntryComment="offi") == [("10.1.0.0/16", "office")]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"AclName": ""}, "MissingParameter"),
        ({"AclName": "x" * 81}, "InvalidParameter"),
        ({"AddressIPVersion": "ipv5"}, "InvalidParameter"),
        ({"Tag.1.Key": "acs:x"}, "InvalidParam.TagKey"),
    ],
)
def test_a_wrong_list_is_refused(client, refused, params, code):
    with refused(code):
        client.call("CreateAccessControlList", **CREATE | params)


def test_lists_are_found_by_name_version_and_tag(client, refused):
    made = client.call(
        "CreateAccessControlList",
        **CREATE | {"AclName": "six-seven", "AddressIPVersion": "ipv6", "Tag.1.Key": "six"},
    )["AclId"]
    for filters in ({"AclName": "six-s"}, {"AddressIPVersion": "ipv6"}, {"Tag.1.Key": "six"}):
        answer = client.call("DescribeAccessControlLists", RegionId=REGION, **filters)
        assert [one["AclId"] for one in answer["Acls"]["Acl"]] == [made]
        assert (answer["Count"], answer["TotalCount"]) == (1, 1)
    with refused("InvalidParameter"):
        client.call("DescribeAccessControlLists", RegionId=REGION, PageSize=51)
    empty = client.call("DescribeAccessControlLists", RegionId="cn-shanghai")
    assert empty["Acls"] == {"Acl": []}


def test_a_listener_takes_a_list_on_and_off(client, balancer, listener, acl, refused):
    where = {"LoadBalancerId": balancer, "ListenerPort": listener}
    on = {"AclStatus": "on", "AclType": "black", "AclId": acl}
    client.call(f"Set{HTTP}Attribute", **where, **on)
    found = client.call(f"Describe{HTTP}Attribute", **where)
    assert (found["AclStatus"], found["AclType"], found["AclId"]) == ("on", "black", acl)
    assert found["AclIds"] == {"AclId": [acl]}
    assert read(client, acl)["RelatedListeners"]["RelatedListener"] == [
        {"LoadBalancerId": balancer, "ListenerPort": 80, "Protocol": "http", "AclType": "black"}
    ]
    with refused("OperationFailed.AclBindedWithVip"):
        client.call("DeleteAccessControlList", RegionId=REGION, AclId=acl)
    client.call(f"Set{HTTP}Attribute", **where, AclStatus="off")
    assert "AclId" not in client.call(f"Describe{HTTP}Attribute", **where)
    client.call("DeleteAccessControlList", RegionId=REGION, AclId=acl)


@pytest.mark.parametrize(
    ("lists", "kind", "code"),
    [
        ("{acl}", "", "MissingParameter"),
        ("", "white", "MissingParameter"),
        ("acl-nothing", "white", "AclNotExist"),
        ("{six}", "white", "IpVersionConflict"),
        ("{acl},{acl}", "white", "Duplicated.AclEntry"),
        ("{acl},a,b,c", "white", "QuotaLimitExceeds.AclAttachedToListener"),
    ],
)
def test_a_wrong_access_control_is_refused(
    client, balancer, listener, acl, refused, lists, kind, code
):
    six = client.call("CreateAccessControlList", **CREATE, AddressIPVersion="ipv6")["AclId"]
    with refused(code):
        client.call(
            f"Set{HTTP}Attribute",
            LoadBalancerId=balancer,
            ListenerPort=listener,
            AclStatus="on",
            AclId=lists.format(acl=acl, six=six),
            AclType=kind,
        )
    client.call("DeleteAccessControlList", RegionId=REGION, AclId=six)


def test_fifty_listeners_of_a_list_and_not_one_more(client, balancer, acl, refused):
    other = client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]

    def create(load_balancer, port):
        client.call(
            f"Create{HTTP}",
            LoadBalancerId=load_balancer,
            ListenerPort=port,
            BackendServerPort=80,
            HealthCheck="off",
            AclStatus="on",
            AclType="white",
            AclId=acl,
        )

    for port in range(1, 51):
        create(balancer, port)
    with refused("AclListenerOverLimit"):
        create(other, 1)


def test_the_older_white_list(client, balancer, listener, acl, refused):
    where = {"LoadBalancerId": balancer, "ListenerPort": listener}

    def found():
        answer = client.call("DescribeListenerAccessControlAttribute", **where)
        return answer["AccessControlStatus"], answer["SourceItems"]

    assert found() == ("close", "")
    items = "10.0.0.1, 10.1.0.0/16,10.0.0.1/32"
    client.call("AddListenerWhiteListItem", **where, SourceItems=items)
    client.call("SetListenerAccessControlStatus", **where, AccessControlStatus="open_white_list")
    assert found() == ("open_white_list", "10.0.0.1,10.1.0.0/16")
    client.call("RemoveListenerWhiteListItem", **where, SourceItems="10.0.0.1,9.9.9.9")
    client.call("SetListenerAccessControlStatus", **where, AccessControlStatus="close")
    assert found() == ("close", "10.1.0.0/16")
    for action in ("AddListenerWhiteListItem", "RemoveListenerWhiteListItem"):
        with refused("InvalidAddress"):
            client.call(action, **where, SourceItems="10.0.0.1,nowhere")
    with refused("InvalidParameter"):
        client.call("SetListenerAccessControlStatus", **where, AccessControlStatus="open")
    on = {"AclStatus": "on", "AclType": "black", "AclId": acl}
    client.call(f"Set{HTTP}Attribute", **where, **on)
    with refused("OperationFailed.ActionNotSupport"):
        client.call(
            "SetListenerAccessControlStatus", **where, AccessControlStatus="open_white_list"
        )
    with refused("ListenerNotFound", 404):
        client.call("DescribeListenerAccessControlAttribute", **where | {"ListenerPort": 81})
    many = ",".join(f"10.2.{number // 250}.{number % 250}" for number in range(301))
    with refused("InvalidParameter.SourceItems"):
        client.call("AddListenerWhiteListItem", **where, SourceItems=many)
