"""Drift of certificates, access lists, primary/secondary groups and domain extensions."""

import pytest

from tests.cloud import REGION, connect, mirror, place, web
from tests.localcloud.certificates import pair as key_pair
from tests.localcloud.certificates import upload
from vservers.cloud.types import BackendServer
from vservers.models import (
    AccessControlList,
    CACertificate,
    Drift,
    MasterSlaveGroup,
    Operation,
    ServerCertificate,
)
from vservers.services import access_lists, extensions, pairs, readings, sync
from vservers.services.drift import accept_drift
from vservers.services.errors import CannotUndo
from vservers.services.reverting import plan_reversion, revert_drift, why_not_revertible
from vservers.services.undo import undo


@pytest.fixture
def actor(operator, cloud):
    read_region()
    return operator.as_actor()


def read_region():
    """As a sync does."""
    for reader in (readings.certificates(place()), readings.access_lists(place())):
        sync.store_region(connect(REGION), place(), reader)


def make_list(actor, name, *entries):
    return access_lists.create_access_list(
        actor=actor, account_region=place(), name=name, ip_version="ipv4", entries=entries
    )


def the_drift():
    """The only one that is open."""
    return Drift.objects.get(status=Drift.Status.OPEN)


def networks(access_list):
    found = AccessControlList.objects.get(pk=access_list.pk)
    return dict(found.entries.values_list("network", "comment"))


def test_what_a_region_has_is_no_drift_at_first_sight_nor_when_we_change_it(actor, outsider):
    access_list = make_list(actor, "mine", ("10.0.0.0/8", "a"))
    access_lists.rename_access_list(actor=actor, access_list=access_list, name="ours")
    access_lists.add_entries(actor=actor, access_list=access_list, entries=[("10.9.0.0/16", "b")])
    access_lists.remove_entries(actor=actor, access_list=access_list, networks=["10.0.0.0/8"])
    undo(actor=actor, operation=Operation.objects.latest("pk"))
    access_lists.delete_access_list(actor=actor, access_list=access_list)
    read_region()
    assert not Drift.objects.exists()


def test_a_network_that_somebody_added_or_took_is_drift_and_comes_back(actor, outsider):
    access_list = make_list(actor, "nets", ("10.0.0.0/8", "a"))
    entry = {"RegionId": REGION, "AclId": access_list.pk}
    outsider.call(
        "AddAccessControlListEntry", **entry, AclEntrys=[{"entry": "0.0.0.0/0", "comment": "all"}]
    )
    read_region()
    drift = the_drift()
    assert (drift.object_type, drift.object_id, drift.object_name) == (
        "access list",
        access_list.pk,
        "nets",
    )
    assert (drift.field, drift.item, drift.before) == ("network", "0.0.0.0/0", None)
    assert (drift.load_balancer_id, drift.region_id) == ("", REGION)
    revert_drift(actor=actor, drift=drift)
    assert networks(access_list) == {"10.0.0.0/8": "a"}
    outsider.call("RemoveAccessControlListEntry", **entry, AclEntrys=[{"entry": "10.0.0.0/8"}])
    read_region()
    assert networks(access_list) == {}
    revert_drift(actor=actor, drift=the_drift())
    assert networks(access_list) == {"10.0.0.0/8": "a"}
    assert not Drift.objects.filter(status=Drift.Status.OPEN).exists()


def test_another_comment_is_drift_that_no_call_brings_back(actor, outsider):
    access_list = make_list(actor, "words", ("10.0.0.0/8", "a"))
    entry = {"RegionId": REGION, "AclId": access_list.pk}
    outsider.call("RemoveAccessControlListEntry", **entry, AclEntrys=[{"entry": "10.0.0.0/8"}])
    outsider.call(
        "AddAccessControlListEntry", **entry, AclEntrys=[{"entry": "10.0.0.0/8", "comment": "b"}]
    )
    read_region()
    drift = the_drift()
    assert (drift.before, drift.after) == ({"comment": "a"}, {"comment": "b"})
    assert why_not_revertible(drift)
    with pytest.raises(CannotUndo, match="comment"):
        plan_reversion(actor=actor, drift=drift)
    accept_drift(actor=actor, drift=drift)
    assert Drift.objects.get().status == Drift.Status.ACCEPTED


def test_a_list_that_somebody_renamed_deleted_or_made(actor, outsider):
    access_list = make_list(actor, "here", ("10.0.0.0/8", "a"), ("10.1.0.0/16", ""))
    key = {"RegionId": REGION, "AclId": access_list.pk}
    outsider.call("SetAccessControlListAttribute", **key, AclName="there")
    read_region()
    revert_drift(actor=actor, drift=the_drift())
    assert AccessControlList.objects.get(pk=access_list.pk).name == "here"
    outsider.call("DeleteAccessControlList", **key)
    read_region()
    drift = the_drift()
    assert drift.after is None
    assert drift.before["networks"] == [["10.0.0.0/8", "a"], ["10.1.0.0/16", ""]]
    revert_drift(actor=actor, drift=drift)
    back = AccessControlList.objects.get(name="here")
    assert networks(back) == {"10.0.0.0/8": "a", "10.1.0.0/16": ""}
    made = outsider.call("CreateAccessControlList", RegionId=REGION, AclName="theirs")["AclId"]
    read_region()
    drift = the_drift()
    assert (drift.object_id, drift.before) == (made, None)
    revert_drift(actor=actor, drift=drift)
    assert not AccessControlList.objects.filter(pk=made).exists()


def test_a_certificate_that_somebody_renamed_uploaded_or_deleted(actor, outsider):
    made = upload(outsider, key_pair("drift.example.com"), ServerCertificateName="theirs")
    read_region()
    drift = the_drift()
    assert (drift.object_type, drift.object_id) == ("certificate", made)
    accept_drift(actor=actor, drift=drift)
    key = {"RegionId": REGION, "ServerCertificateId": made}
    outsider.call("SetServerCertificateName", **key, ServerCertificateName="other")
    read_region()
    revert_drift(actor=actor, drift=the_drift())
    assert ServerCertificate.objects.get(pk=made).name == "theirs"
    outsider.call("DeleteServerCertificate", **key)
    read_region()
    drift = the_drift()
    assert drift.before["common_name"] == "drift.example.com"
    assert why_not_revertible(drift), "the cloud tells no key"


def test_a_ca_certificate_that_somebody_uploaded_goes_again(actor, outsider):
    certificate, _ = key_pair("drift-ca.example.com", ca=True)
    outsider.call(
        "UploadCACertificate",
        form=True,
        RegionId=REGION,
        CACertificateName="theirs",
        CACertificate=certificate,
    )
    read_region()
    drift = the_drift()
    assert drift.object_type == "ca"
    revert_drift(actor=actor, drift=drift)
    assert not CACertificate.objects.filter(name="theirs").exists()


def test_what_is_used_by_now_is_not_taken_away(actor, outsider, balancer):
    made = outsider.call("CreateAccessControlList", RegionId=REGION, AclName="used")["AclId"]
    read_region()
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        BackendServerPort=80,
        HealthCheck="off",
        AclStatus="on",
        AclType="white",
        AclId=made,
    )
    with pytest.raises(CannotUndo, match="used now"):
        plan_reversion(actor=actor, drift=Drift.objects.get(object_id=made))


BOTH = [
    {"ServerId": web(1), "Port": 80, "ServerType": "Master"},
    {"ServerId": web(2), "Port": 81, "ServerType": "Slave"},
]


def test_pairs_that_somebody_made_or_deleted(actor, outsider, balancer):
    ours = pairs.create_pair(
        actor=actor,
        load_balancer=balancer,
        name="ours",
        primary=BackendServer(web(1), 80, 100),
        secondary=BackendServer(web(2), 81, 100),
    )
    assert not Drift.objects.exists()
    outsider.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        MasterSlaveServerGroupName="theirs",
        MasterSlaveBackendServers=BOTH,
    )
    mirror(balancer.pk)
    drift = the_drift()
    assert (drift.object_type, drift.object_name) == ("pair", "theirs")
    revert_drift(actor=actor, drift=drift)
    assert [one.name for one in MasterSlaveGroup.objects.all()] == ["ours"]
    outsider.call("DeleteMasterSlaveServerGroup", RegionId=REGION, MasterSlaveServerGroupId=ours.pk)
    mirror(balancer.pk)
    revert_drift(actor=actor, drift=the_drift())
    back = MasterSlaveGroup.objects.get()
    assert (back.name, [str(one) for one in back.members.all()]) == (
        "ours",
        [f"{web(1)}:80", f"{web(2)}:81"],
    )
    pairs.delete_pair(actor=actor, group=back)
    assert not Drift.objects.filter(status=Drift.Status.OPEN).exists()


def test_domain_extensions_that_somebody_made_changed_or_deleted(actor, outsider, balancer):
    one, two = (upload(outsider, key_pair(f"{n}.example.com")) for n in ("one", "two"))
    read_region()
    Drift.objects.all().delete()
    here = {"RegionId": REGION, "LoadBalancerId": balancer.pk, "ListenerPort": 443}
    outsider.call(
        "CreateLoadBalancerHTTPSListener",
        **here,
        Bandwidth=-1,
        BackendServerPort=80,
        ServerCertificateId=one,
        HealthCheck="off",
    )
    domain = {"Domain": "two.example.com", "ServerCertificateId": one}
    outsider.call("CreateDomainExtension", **here, **domain)
    listener = mirror(balancer.pk).listeners.get()
    assert [row.object_type for row in Drift.objects.all()] == ["balancer", "listener"][-1:], (
        "its domains came with the listener"
    )
    Drift.objects.all().delete()
    extension = listener.extensions.get()
    extensions.change_extension(actor=actor, extension=extension, certificate_id=two)
    assert not Drift.objects.exists()
    key = {"RegionId": REGION, "DomainExtensionId": extension.pk}
    outsider.call("SetDomainExtensionAttribute", **key, ServerCertificateId=one)
    mirror(balancer.pk)
    drift = the_drift()
    assert (drift.field, drift.before, drift.after) == ("server_certificate_id", two, one)
    revert_drift(actor=actor, drift=drift)
    assert listener.extensions.get().server_certificate_id == two
    outsider.call("DeleteDomainExtension", **key)
    mirror(balancer.pk)
    revert_drift(actor=actor, drift=the_drift())
    assert listener.extensions.get().server_certificate_id == two
    extensions.delete_extension(actor=actor, extension=listener.extensions.get())
    assert not Drift.objects.filter(status=Drift.Status.OPEN).exists()
    outsider.call("CreateDomainExtension", **here, **domain)
    mirror(balancer.pk)
    revert_drift(actor=actor, drift=the_drift())
    assert not listener.extensions.exists()


def test_what_was_never_read_before_is_no_drift(cloud, outsider, balancer):
    """As after an update from a version that read none of it."""
    upload(outsider, key_pair("first.example.com"))
    outsider.call("CreateAccessControlList", RegionId=REGION, AclName="first")
    read_region()
    outsider.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        MasterSlaveServerGroupName="first",
        MasterSlaveBackendServers=BOTH,
    )
    type(balancer).objects.update(pairs_at=None)
    mirror(balancer.pk)
    assert not Drift.objects.exists()
