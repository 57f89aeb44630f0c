"""What belongs to a region, pairs and domain extensions as Terraform's configuration."""

import hcl2
import pytest

from tests.cloud import REGION, mirror, place, web
from tests.localcloud.certificates import pair as key_pair
from tests.localcloud.certificates import upload
from tests.services.test_generated_code import bare, parsed, resource
from vservers.cloud.types import BackendServer
from vservers.models import ServerCertificate
from vservers.services import access_lists, certificates, extensions, new_balancers, pairs
from vservers.services.changes import NEW
from vservers.services.pem import read_ca_certificate, read_server_certificate

NETWORKS = [("10.0.0.0/8", 'in"side'), ("192.168.1.1/32", "")]


@pytest.fixture
def actor(operator, cloud):
    return operator.as_actor()


def new_list(actor, ip_version="ipv4", entries=NETWORKS):
    return {
        "actor": actor,
        "account_region": place(),
        "name": "office",
        "ip_version": ip_version,
        "entries": entries,
    }


def test_a_new_access_list_has_its_networks(actor):
    read, text = parsed(access_lists.plan_new_access_list(**new_list(actor)))
    assert resource(read, "alicloud_slb_acl") == {"name": "office", "ip_version": "ipv4"}
    entries = resource(read, "alicloud_slb_acl_entry_attachment")
    assert {bare(key) for key in entries["for_each"]} == {"10.0.0.0/8", "192.168.1.1/32"}
    assert "import" not in read
    assert NEW not in text


def test_of_a_list_that_exists_what_stays_is_taken_over(actor):
    made = access_lists.create_access_list(**new_list(actor))
    read, text = parsed(
        access_lists.plan_new_entries(
            actor=actor, access_list=made, entries=[("172.16.0.0/12", "new")]
        )
    )
    entries = resource(read, "alicloud_slb_acl_entry_attachment")["for_each"]
    assert len(entries) == 3
    assert bare(read["import"][0]["id"]) == made.pk
    assert 'for_each = toset(["10.0.0.0/8", "192.168.1.1/32"])' in text
    assert f'"{made.pk}:${{each.key}}"' in text
    read, text = parsed(
        access_lists.plan_entry_removal(actor=actor, access_list=made, networks=["10.0.0.0/8"])
    )
    assert len(resource(read, "alicloud_slb_acl_entry_attachment")["for_each"]) == 1
    read, text = parsed(access_lists.plan_access_list_deletion(actor=actor, access_list=made))
    assert "resource" not in read
    assert f'alicloud_slb_acl "{made.pk}"' in text


def test_networks_of_ipv6_stand_in_their_list(actor):
    entries = [("2001:db8::/32", "six")]
    read, _ = parsed(access_lists.plan_new_access_list(**new_list(actor, "ipv6", entries)))
    (only,) = resource(read, "alicloud_slb_acl")["entry_list"]
    assert {name: bare(value) for name, value in only.items() if name != "__is_block__"} == {
        "entry": "2001:db8::/32",
        "comment": "six",
    }


def test_a_new_certificate_is_written_out_and_its_key_is_not(actor):
    certificate, key = key_pair("tf.example.com")
    plan = certificates.plan_server_certificate(
        actor=actor,
        account_region=place(),
        name="shop",
        certificate=read_server_certificate(certificate, key),
        private_key=key,
    )
    read, text = parsed(plan)
    one = resource(read, "alicloud_slb_server_certificate")
    assert "BEGIN CERTIFICATE" in one["server_certificate"]
    assert "private-key.pem" in one["private_key"]
    assert "BEGIN PRIVATE KEY" not in text
    assert hcl2.loads(text)
    ca, _ = key_pair("ca.example.com", ca=True)
    plan = certificates.plan_ca_certificate(
        actor=actor, account_region=place(), name="ca", certificate=read_ca_certificate(ca)
    )
    one = resource(parsed(plan)[0], "alicloud_slb_ca_certificate")
    assert one["ca_certificate_name"] == "ca"
    assert "BEGIN CERTIFICATE" in one["ca_certificate"]


def test_a_renamed_certificate_is_taken_over_and_not_replaced(actor, outsider):
    made = upload(outsider, key_pair("tf.example.com"), ServerCertificateName="tf")
    certificates.refresh_certificates(actor=actor, account_region=place())
    plan = certificates.plan_certificate_rename(
        actor=actor, certificate=ServerCertificate.objects.get(pk=made), name="renamed"
    )
    read, _ = parsed(plan)
    assert bare(read["import"][0]["id"]) == made
    assert resource(read, "alicloud_slb_server_certificate") == {"name": "renamed"}


def test_a_new_instance_has_its_tags_and_no_token(actor):
    plan = new_balancers.plan_new_balancer(
        actor=actor,
        account_region=place(),
        values={
            "name": "fresh",
            "address_type": "internet",
            "spec": "slb.s2.small",
            "internet_charge_type": "paybybandwidth",
            "bandwidth": 20,
            "tags": {"team": "shop"},
        },
    )
    read, text = parsed(plan)
    one = resource(read, "alicloud_slb_load_balancer")
    assert (one["load_balancer_name"], one["bandwidth"]) == ("fresh", 20)
    assert "team" in text
    assert "token" not in text
    assert "import" not in read


def test_a_pair_names_its_servers_and_their_roles(actor, balancer):
    arguments = {
        "actor": actor,
        "load_balancer": balancer,
        "name": "pair",
        "primary": BackendServer(web(1), 80, 100),
        "secondary": BackendServer(web(2), 81, 100),
    }
    read, _ = parsed(pairs.plan_new_pair(**arguments))
    one = resource(read, "alicloud_slb_master_slave_server_group")
    assert [(bare(s["server_id"]), s["port"], bare(s["server_type"])) for s in one["servers"]] == [
        (web(1), 80, "Master"),
        (web(2), 81, "Slave"),
    ]
    made = pairs.create_pair(**arguments)
    read, text = parsed(pairs.plan_pair_deletion(actor=actor, group=made))
    assert "resource" not in read
    assert f'alicloud_slb_master_slave_server_group "{made.pk}"' in text


def test_a_domain_extension_has_its_certificate(actor, balancer, outsider):
    own = upload(outsider, key_pair("tf.example.com"), ServerCertificateName="tf")
    outsider.call(
        "CreateLoadBalancerHTTPSListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=443,
        Bandwidth=-1,
        BackendServerPort=80,
        ServerCertificateId=own,
        HealthCheck="off",
    )
    listener = mirror(balancer.pk).listeners.get()
    arguments = {"domain": "*.example.com", "certificate_id": own}
    plan = extensions.plan_new_extension(actor=actor, listener=listener, **arguments)
    assert resource(parsed(plan)[0], "alicloud_slb_domain_extension") == {
        "load_balancer_id": balancer.pk,
        "frontend_port": 443,
        "domain": "*.example.com",
        "server_certificate_id": own,
    }
    extensions.add_extension(actor=actor, listener=listener, **arguments)
    extension = listener.extensions.get()
    plan = extensions.plan_extension_deletion(actor=actor, extension=extension)
    assert f'alicloud_slb_domain_extension "{extension.pk}"' in parsed(plan)[1]
