"""Tags in both forms, and resource groups, over HTTP."""

import pytest

from tests.localcloud.conftest import REGION

WHERE = {"RegionId": REGION}


def named(kind, *ids):
    return WHERE | {"ResourceType": kind} | {f"ResourceId.{n}": one for n, one in enumerate(ids, 1)}


def listed(client, kind, *ids, **params):
    answer = client.call("ListTagResources", **named(kind, *ids) | params)
    return [
        (one["ResourceId"], one["TagKey"], one["TagValue"])
        for one in answer["TagResources"]["TagResource"]
    ]


@pytest.fixture
def resources(client, balancer, group, listener, certificate, acl):
    pair = client.call(
        "CreateMasterSlaveServerGroup",
        **WHERE,
        LoadBalancerId=balancer,
        MasterSlaveBackendServers=[
            {"ServerId": f"i-bp1web{number:02d}".ljust(22, "0"), "Port": 80, "ServerType": kind}
            for number, kind in ((1, "Master"), (2, "Slave"))
        ],
    )["MasterSlaveServerGroupId"]
    return {
        "instance": balancer,
        "certificate": certificate,
        "acl": acl,
        "listener": f"{balancer}_http_{listener}",
        "vservergroup": group,
        "masterslaveservergroup": pair,
    }


def test_every_kind_of_resource_is_tagged_found_and_untagged(client, resources, refused):
    for kind, resource in resources.items():
        tags = {"Tag.1.Key": "app", "Tag.1.Value": resource, "Tag.2.Key": "env"}
        client.call("TagResources", **named(kind, resource), **tags)
        client.call(
            "TagResources", **named(kind, resource), **{"Tag.1.Key": "env", "Tag.1.Value": "new"}
        )
        assert listed(client, kind, resource) == [
            (resource, "app", resource),
            (resource, "env", "new"),
        ]
        wanted = {"Tag.1.Key": "app", "Tag.1.Value": resource}
        assert listed(client, kind, **wanted) == [(resource, "app", resource)]
        client.call("UntagResources", **named(kind, resource), **{"TagKey.1": "app"})
        assert listed(client, kind, resource) == [(resource, "env", "new")]
        client.call("UntagResources", **named(kind, resource), All="true")
        assert listed(client, kind, resource) == []
        for action in ("TagResources", "UntagResources"):
            with refused("ResourceNotExist"):
                client.call(action, **named(kind, resource, "nothing"), **tags, All="true")
        assert listed(client, kind, resource) == []


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({}, "MissingParameter"),
        ({"Tag.1.Value": "v"}, "MissingParam.TagKey"),
        ({"Tag.1.Key": "aliyun"}, "InvalidParam.TagKey"),
        ({"Tag.1.Key": "k" * 65}, "InvalidParam.TagKey"),
        ({"Tag.1.Key": "k", "Tag.1.Value": "http://x"}, "InvalidParam.TagValue"),
        ({"Tag.1.Key": "k", "Tag.2.Key": "k"}, "Duplicate.TagKey"),
        ({f"Tag.{n}.Key": f"k{n}" for n in range(1, 22)}, "SizeLimitExceeded.Tag"),
    ],
)
def test_wrong_tags_are_refused(client, balancer, refused, tags, code):
    with refused(code):
        client.call("TagResources", **named("instance", balancer), **tags)
    assert listed(client, "instance", balancer) == []


def test_twenty_tags_and_not_one_more(client, balancer, refused):
    twenty = {f"Tag.{n}.Key": f"k{n}" for n in range(1, 21)}
    client.call("TagResources", **named("instance", balancer), **twenty)
    with refused("QuotaLimitExceeds"):
        client.call("TagResources", **named("instance", balancer), **{"Tag.1.Key": "more"})
    with refused("QuotaExceed.TagsPerResource"):
        client.call("AddTags", **WHERE, LoadBalancerId=balancer, Tags=[{"TagKey": "more"}])
    assert len(listed(client, "instance", balancer)) == 20


def test_a_list_needs_to_know_what_is_asked_and_comes_by_pages(client, balancer, refused):
    with refused("MissingParam.TagOrResourceId"):
        listed(client, "instance")
    with refused("InvalidParam.NextToken"):
        listed(client, "instance", balancer, NextToken="x")
    with refused("InvalidParameter"):
        listed(client, "disk", balancer)
    groups = [
        client.call(
            "CreateVServerGroup",
            **WHERE,
            LoadBalancerId=balancer,
            **{f"Tag.{n}.Key": f"k{n}" for n in range(1, 21)},
        )["VServerGroupId"]
        for _ in range(3)
    ]
    first = client.call("ListTagResources", **named("vservergroup", *groups))
    assert len(first["TagResources"]["TagResource"]) == 50
    assert len(listed(client, "vservergroup", *groups, NextToken=first["NextToken"])) == 10


def test_the_old_form_adds_counts_and_removes(client, balancer, strong, refused):
    for one in (balancer, strong):
        client.call(
            "AddTags",
            **WHERE,
            LoadBalancerId=one,
            Tags=[{"TagKey": "old", "TagValue": one}, {"TagKey": "both", "TagValue": "x"}],
        )

    def counted(**params):
        answer = client.call("DescribeTags", **WHERE, **params)
        return {
            (one["TagKey"], one["TagValue"]): one["InstanceCount"]
            for one in answer["TagSets"]["TagSet"]
        }

    assert counted(LoadBalancerId=balancer) == {("old", balancer): 1, ("both", "x"): 1}
    assert counted(Tags=[{"TagKey": "both", "TagValue": "x"}]) == {("both", "x"): 2}
    assert counted(Tags=[{"TagKey": "old"}], DistinctKey="true") == {("old", ""): 2}
    assert len(counted(PageSize=1)) == 1
    remove = {"RegionId": REGION, "LoadBalancerId": balancer}
    client.call("RemoveTags", **remove, Tags=[{"TagKey": "old", "TagValue": "another"}])
    client.call("RemoveTags", **remove, Tags=[{"TagKey": "both", "TagValue": "x"}])
    assert counted(LoadBalancerId=balancer) == {("old", balancer): 1}
    client.call("RemoveTags", **remove, Tags=[{"TagKey": "old"}, {"TagKey": "unknown"}])
    assert counted(LoadBalancerId=balancer) == {}
    for tags, code in (
        ([{"TagKey": "acs:x"}], "InvalidParameter.TagKey"),
        ([{"TagKey": "k", "TagValue": "https://x"}], "InvalidParameter.TagValue"),
        ([{"TagKey": "k"}, {"TagKey": "k"}], "Duplicate.TagKey"),
        ([], "MissingParameter.Tags"),
        ("no list", "InvalidParameter"),
    ):
        with refused(code):
            client.call("AddTags", **remove, Tags=tags)
    with refused("InvalidParameter"):
        client.call("RemoveTags", **remove, Tags=[{"TagKey": str(n)} for n in range(6)])
    with refused("InvalidParameter"):
        counted(PageSize=101)


def test_resources_move_between_groups(client, resources, refused):
    moved = {"loadbalancer": "instance", "certificate": "certificate", "acl": "acl"}
    for kind, name in moved.items():
        client.call(
            "MoveResourceGroup",
            **WHERE,
            ResourceType=kind,
            ResourceId=resources[name],
            NewResourceGroupId="rg-other",
        )
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=resources["instance"])
    assert attribute["ResourceGroupId"] == "rg-other"
    lists = client.call("DescribeAccessControlLists", **WHERE, ResourceGroupId="rg-other")
    assert [one["AclId"] for one in lists["Acls"]["Acl"]] == [resources["acl"]]
    with refused("ResourceNotExist"):
        client.call(
            "MoveResourceGroup",
            **WHERE,
            ResourceType="acl",
            ResourceId="acl-nothing",
            NewResourceGroupId="rg-other",
        )
