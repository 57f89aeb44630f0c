"""Copying a group, editing a copy instead, and deleting what others use."""

import pytest

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.models import Listener, Operation, VServerGroup


@pytest.fixture
def green(balancer, outsider, group):
    """A second group of the balancer, without servers."""
    made = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="green",
    )
    mirror(balancer.pk)
    return balancer.vserver_groups.get(pk=made["VServerGroupId"])


@pytest.fixture
def user(balancer, outsider, group):
    """A listener that uses the group "blue"."""
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        HealthCheck="off",
        VServerGroupId=group.pk,
    )
    mirror(balancer.pk)
    return balancer.listeners.get()


def copy(client, group, **fields):
    place = address("groups-copy", group.load_balancer, group.pk)
    return client.post(place, {"name": "copy", "instance": group.load_balancer_id, **fields})


def test_a_copy_is_made_and_the_list_fetched_anew(client_of, operator, balancer, group):
    client = client_of(operator)
    question = client.get(address("groups-copy", balancer, group.pk), headers=HTMX)
    assert "blue-copy" in question.content.decode()
    answer = client.post(
        address("groups-copy", balancer, group.pk),
        {"name": "blue-2", "instance": balancer.pk, "weight": "7"},
        headers=HTMX,
    )
    assert answer.status_code == 204
    assert "groups-changed" in answer["HX-Trigger"]
    made = VServerGroup.objects.get(name="blue-2")
    assert [one.weight for one in made.members.all()] == [7]


def test_servers_that_cannot_go_are_named_before_anything_is_sent(
    client_of, operator, vpc_balancer, group
):
    client = client_of(operator)
    refused = copy(client, group, instance=vpc_balancer.pk)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert f"{web(1)}:80" in page
    assert "VPC" in page
    assert not Operation.objects.filter(verb="copy group").exists()
    assert copy(client, group, instance=vpc_balancer.pk, partly="on").status_code == 303
    assert VServerGroup.objects.get(load_balancer=vpc_balancer).members.count() == 0


def test_instead_of_a_shared_group_a_copy_is_edited(client_of, operator, balancer, group, user):
    client = client_of(operator)
    place = address("groups-copy", balancer, group.pk) + "?instead=1"
    page = client.get(place).content.decode()
    assert f'value="listener:{user.pk}" selected' in page
    answer = client.post(
        place, {"name": "blue-2", "instance": balancer.pk, "user": f"listener:{user.pk}"}
    )
    made = VServerGroup.objects.get(name="blue-2")
    assert answer["Location"] == address("groups-edit", balancer, made.pk)
    assert Listener.objects.get(pk=user.pk).vserver_group_id == made.pk


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter a name of 1 to 80 characters"),
        ({"name": "a b"}, "Use letters"),
        ({"weight": "101"}, "Enter a whole number from 0 to 100"),
        ({"instance": "lb-none"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said(client_of, operator, group, fields, words):
    answer = copy(client_of(operator), group, **fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_user_is_not_switched_to_a_copy_elsewhere(client_of, operator, group, user, new_balancer):
    other = new_balancer(LoadBalancerName="other")
    answer = copy(client_of(operator), group, instance=other.pk, user=f"listener:{user.pk}")
    assert answer.status_code == 422
    assert "same instance" in answer.content.decode()


def test_the_plan_of_a_copy_is_shown_first(client_of, operator, group):
    answer = copy(client_of(operator), group, intent="plan")
    assert "CreateVServerGroup" in answer.content.decode()
    assert not VServerGroup.objects.filter(name="copy").exists()


def test_a_used_group_is_deleted_after_its_users_were_switched(
    client_of, operator, balancer, group, user, green
):
    client = client_of(operator)
    place = address("groups-delete", balancer, group.pk)
    question = client.get(place).content.decode()
    assert "Switch over and delete" in question
    refused = client.post(place)
    assert refused.status_code == 422
    planned = client.post(place, {"by": green.pk, "intent": "plan"}).content.decode()
    assert planned.index("SetLoadBalancerHTTPListenerAttribute") < planned.index(
        "DeleteVServerGroup"
    )
    assert client.post(place, {"by": green.pk}).status_code == 303
    assert not VServerGroup.objects.filter(pk=group.pk).exists()
    assert Listener.objects.get(pk=user.pk).vserver_group_id == green.pk


def test_a_group_does_not_take_over_from_itself(client_of, operator, balancer, group, user, green):
    place = address("groups-delete", balancer, group.pk)
    assert client_of(operator).post(place, {"by": group.pk}).status_code == 422


@pytest.mark.parametrize("name", ["groups-copy", "groups-delete"])
def test_readers_and_strangers_are_kept_out(client_of, reader, stranger, balancer, group, name):
    place = address(name, balancer, group.pk)
    assert client_of(reader).get(place).status_code == 403
    assert client_of(reader).post(place).status_code == 403
    assert client_of(stranger).post(place).status_code == 404
    assert client_of(reader).delete(place).status_code in {403, 405}
