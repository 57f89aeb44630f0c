"""Who else manages an object, by the marks that their programs leave."""

import pytest
from django.test import override_settings

from tests.cloud import REGION, connect, mirror, the_account, web
from vservers.models import LoadBalancer, Server, VServerGroup
from vservers.services.owners import owner_of, owner_warning
from vservers.services.regions import sync_servers


@pytest.mark.parametrize(
    ("marks", "owner"),
    [
        ({"name": "k8s/30080/web/default/c1234"}, "Kubernetes"),
        ({"tags": {"kubernetes.do.not.delete": "a1b2"}}, "Kubernetes"),
        ({"tags": {"ack.aliyun.com": "c1234"}}, "Kubernetes"),
        ({"descriptions": ["", "k8s/30080/web/default/c1234"]}, "Kubernetes"),
        ({"tags": {"acs:autoscaling:scalingGroupId": "asg-1"}}, "Auto Scaling"),
        ({"descriptions": ['{"scalingGroupId": "asg-1"}']}, "Auto Scaling"),
        ({"tags": {"terraform": "true"}}, "Terraform"),
        ({"tags": {"managed-by": "terraform"}}, "Terraform"),
        ({"descriptions": ["managed-by=terraform; team=shop"]}, "Terraform"),
        ({"name": "shop", "tags": {"team": "shop"}, "descriptions": ["by hand"]}, ""),
        ({"name": "my-k8s/notes"}, ""),
        ({}, ""),
    ],
)
def test_it_is_told_by_names_tags_and_descriptions(marks, owner):
    assert owner_of(**marks) == owner


@override_settings(OWNER_RULES=[{"owner": "Our robot", "names": ["bot-?"]}])
def test_the_rules_are_in_the_settings():
    assert owner_of(name="bot-1", tags={"terraform": "true"}) == "Our robot"
    assert owner_of(name="bot-12") == ""


def test_the_warning_names_the_owner():
    assert "Terraform" in owner_warning("Terraform")[0]
    assert owner_warning("") == []


def test_tags_and_owners_are_mirrored(balancer, outsider):
    made = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="k8s/30080/web/default/c1234",
        BackendServers=[{"ServerId": web(1), "Port": 80}],
    )["VServerGroupId"]
    tag = {"Tag.1.Key": "team", "Tag.1.Value": "shop"}
    outsider.call(
        "TagResources",
        RegionId=REGION,
        ResourceType="instance",
        **{"ResourceId.1": balancer.pk, "Tag.1.Key": "terraform", "Tag.1.Value": "1"},
    )
    outsider.call(
        "TagResources",
        RegionId=REGION,
        ResourceType="vservergroup",
        **{"ResourceId.1": made, **tag},
    )
    mirror(balancer.pk)
    group = VServerGroup.objects.get(pk=made)
    assert (group.owner, group.tags) == ("Kubernetes", {"team": "shop"})
    balancer = LoadBalancer.objects.get(pk=balancer.pk)
    assert (balancer.owner, balancer.tags) == ("Terraform", {"terraform": "1"})
    sync_servers(connect(), the_account())
    assert Server.objects.get(pk=web(1)).owner == ""
