"""Access control lists through services: the engine's first objects that are of a region."""

import pytest

from console.audit.models import AuditEntry
from tests.cloud import REGION, place
from vservers.models import AccessControlList, Operation
from vservers.services import running
from vservers.services.access_lists import (
    add_entries,
    create_access_list,
    delete_access_list,
    plan_new_access_list,
    remove_entries,
    rename_access_list,
)
from vservers.services.code import command_line, python_sdk
from vservers.services.errors import Busy, CallFailed, Gone, UsedBy, Waiting
from vservers.services.locks import region_lock
from vservers.services.settling import settle
from vservers.services.undo import retry_rest, undo


@pytest.fixture
def actor(operator, monkeypatch):
    monkeypatch.setattr(running, "CONFIRM_SECONDS", 0.2)
    return operator.as_actor()


def create(actor, name="office", entries=(("10.0.0.0/8", "inside"),)):
    return create_access_list(
        actor=actor, account_region=place(), name=name, ip_version="ipv4", entries=entries
    )


def in_cloud(outsider, acl_id):
    answer = outsider.call("DescribeAccessControlListAttribute", RegionId=REGION, AclId=acl_id)
    return {
        entry["AclEntryIP"]: entry.get("AclEntryComment", "")
        for entry in answer["AclEntrys"]["AclEntry"]
    }


def in_mirror(access_list):
    return dict(access_list.entries.values_list("network", "comment"))


def networks(count):
    return [(f"10.{n // 256}.{n % 256}.0/24", f"net {n}") for n in range(count)]


def test_a_list_is_made_with_its_networks_in_batches_of_fifty(cloud, actor, outsider):
    made = create(actor, entries=networks(51))
    assert in_cloud(outsider, made.pk) == in_mirror(made) == dict(networks(51))
    operation = Operation.objects.get()
    assert (operation.status, operation.load_balancer_id, operation.region_id) == (
        "done",
        "",
        REGION,
    )
    assert (operation.account, operation.resource_id) == (place().account, made.pk)
    assert [call.action for call in operation.calls.all()] == [
        "CreateAccessControlList",
        "AddAccessControlListEntry",
        "AddAccessControlListEntry",
    ]
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.outcome, entry.region_id) == (
        "create access control list",
        "done",
        REGION,
    )


def test_networks_come_and_go_and_what_stands_already_is_not_sent(cloud, actor, outsider):
    made = create(actor)
    assert add_entries(
        actor=actor, access_list=made, entries=[("10.0.0.0/8", "other"), ("1.2.3.4/32", "")]
    )
    assert in_cloud(outsider, made.pk) == {"10.0.0.0/8": "inside", "1.2.3.4/32": ""}
    assert not add_entries(actor=actor, access_list=made, entries=[("1.2.3.4/32", "")])
    assert remove_entries(actor=actor, access_list=made, networks=["10.0.0.0/8", "9.9.9.9/32"])
    assert in_cloud(outsider, made.pk) == in_mirror(made) == {"1.2.3.4/32": ""}
    assert rename_access_list(actor=actor, access_list=made, name="home")
    assert not rename_access_list(actor=actor, access_list=made, name="home")
    made.refresh_from_db()
    assert made.name == "home"


def test_a_list_that_a_listener_uses_is_not_deleted_even_if_that_is_news(balancer, actor, outsider):
    made = create(actor)
    outsider.call(
        "CreateLoadBalancerTCPListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=7001,
        BackendServerPort=80,
        Bandwidth=-1,
        AclId=made.pk,
        AclStatus="on",
        AclType="white",
    )
    with pytest.raises(UsedBy, match="TCP:7001 of test"):
        delete_access_list(actor=actor, access_list=made)
    outsider.call(
        "DeleteLoadBalancerListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=7001,
        ListenerProtocol="tcp",
    )
    delete_access_list(actor=actor, access_list=made)
    assert not AccessControlList.objects.filter(pk=made.pk).exists()
    with pytest.raises(Gone):
        add_entries(actor=actor, access_list=made, entries=networks(1))


def test_a_creation_whose_answer_is_lost_is_found_and_not_repeated(
    cloud, actor, outsider, flaky_cloud
):
    flaky_cloud.drop_answers("CreateAccessControlList", 1)
    made = create(actor, name="lost-once")
    answer = outsider.call("DescribeAccessControlLists", RegionId=REGION, AclName="lost-once")
    assert [one["AclId"] for one in answer["Acls"]["Acl"]] == [made.pk]
    assert in_cloud(outsider, made.pk) == {"10.0.0.0/8": "inside"}


def test_a_worker_settles_what_a_busy_cloud_left(cloud, actor, outsider, flaky_cloud, monkeypatch):
    monkeypatch.setattr("vservers.services.operations.FOREGROUND_SECONDS", 0.1)
    flaky_cloud.refuse("AddAccessControlListEntry", "SystemBusy", 1000)
    with pytest.raises(Waiting) as caught:
        create(actor, name="waits")
    operation = caught.value.operation
    flaky_cloud.be_well()
    assert settle(operation.pk, in_flight_seconds=0)
    operation.refresh_from_db()
    assert operation.status == "done"
    assert in_cloud(outsider, operation.resource_id) == {"10.0.0.0/8": "inside"}


def test_one_region_of_an_account_is_changed_by_one_at_a_time(
    cloud, actor, other_session, monkeypatch
):
    monkeypatch.setattr("vservers.services.locks.HOLD_SECONDS", 0.1)
    here = place()
    with (
        other_session.holding(region_lock(here.account_id, here.region_id)),
        pytest.raises(Busy),
    ):
        create(actor)
    create(actor)


def test_a_deletion_is_undone_by_a_new_list_with_the_same_networks(cloud, actor, outsider):
    made = create(actor, name="brought-back", entries=networks(60))
    delete_access_list(actor=actor, access_list=made)
    undo(actor=actor, operation=Operation.objects.first())
    again = AccessControlList.objects.get(name="brought-back")
    assert again.pk != made.pk
    assert in_cloud(outsider, again.pk) == in_mirror(again) == dict(networks(60))


def test_the_rest_of_a_refused_addition_is_tried_again(cloud, actor, outsider, flaky_cloud):
    flaky_cloud.refuse("AddAccessControlListEntry", "AclEntryExceedLimit", 1)
    with pytest.raises(CallFailed) as caught:
        create(actor, name="in-two")
    retry_rest(actor=actor, operation=caught.value.operation)
    made = AccessControlList.objects.get(name="in-two")
    assert in_cloud(outsider, made.pk) == {"10.0.0.0/8": "inside"}


def test_the_scripts_of_a_plan_carry_the_new_lists_id_on(cloud, actor):
    plan = plan_new_access_list(
        actor=actor,
        account_region=place(),
        name="office",
        ip_version="ipv4",
        entries=[("10.0.0.0/8", "")],
    )
    calls = [planned.call for planned in plan.calls]
    shell, python = command_line(calls, REGION), python_sdk(calls, REGION)
    assert "ACL_ID=$(aliyun slb CreateAccessControlList" in shell
    assert '--AclId "$ACL_ID"' in shell
    assert "acl_id = client.create_access_control_list(" in python
    assert "acl_id=acl_id," in python
    compile(python, "change.py", "exec")
