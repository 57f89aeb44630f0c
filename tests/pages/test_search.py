"""Search over everything: what is found by what, in which order, by whom, and how quickly."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from console.shell import search
from tests.cloud import REGION, mirror, the_account, web
from tests.pages.addresses import HTMX, address
from vservers.models import (
    AccessControlList,
    Batch,
    CACertificate,
    Drift,
    LoadBalancer,
    Member,
    Operation,
    OperationCall,
    Procedure,
    Server,
    ServerCertificate,
    VServerGroup,
)

SEARCH, QUICK = "/search/", "/search/quick/"
PAY, SHOP = "lb-bp1payintranet00001", "lb-bp1shopinternet0001"


@pytest.fixture
def demo(cloud):
    """The demo's two load balancers of the main region, mirrored."""
    return mirror(SHOP), mirror(PAY)


def found(answer) -> dict[str, list[str]]:
    """{kind: labels} of a page of results or of the quick list."""
    return {one.kind.key: [hit.label for hit in one.hits] for one in answer.context["found"]}


@pytest.mark.parametrize(
    ("text", "kind", "label"),
    [
        ("pay-intra", "instances", "pay-intranet"),
        ("PAY-INTRA", "instances", "pay-intranet"),
        ("payintranet00001", "instances", "pay-intranet"),
        ("intra pay", "instances", "pay-intranet"),
        ("api.pay.example.com", "rules", "api.pay.example.com"),
        ("https://api.pay.example", "rules", "api.pay.example.com"),
        ("http:80", "listeners", "HTTP:80"),
        ("80", "listeners", "HTTP:80"),
        ("pay-blue", "groups", "pay-blue"),
        ("rsp-bp1payblue", "groups", "pay-blue"),
        ("i-bp1web01", "servers", "web-01"),
    ],
)
def test_it_finds_by_name_id_address_domain_and_port(client_of, reader, demo, text, kind, label):
    answer = client_of(reader).get(QUICK, {"q": text}, headers=HTMX)
    assert any(one.startswith(label) for one in found(answer)[kind]), found(answer)


def test_it_finds_servers_and_instances_by_address(client_of, reader, demo):
    server = Server.objects.get(pk=web(1))
    assert str(server) in found(client_of(reader).get(QUICK, {"q": server.private_ip}))["servers"]
    shop = demo[0]
    assert found(client_of(reader).get(QUICK, {"q": shop.address}))["instances"] == [shop.name]


@pytest.mark.parametrize("text", ["team=checkout", "team=check", "checkout"])
def test_it_finds_by_tag(client_of, reader, balancer, text):
    LoadBalancer.objects.filter(pk=balancer.pk).update(tags={"team": "checkout"})
    assert found(client_of(reader).get(QUICK, {"q": text}))["instances"] == ["test"]
    assert found(client_of(reader).get(QUICK, {"q": "team=other"})) == {}


def test_what_people_type_is_no_pattern(client_of, reader, demo):
    for text in ("%%", "__", "pay_intranet", "\\\\", "a' OR 1=1"):
        assert found(client_of(reader).get(QUICK, {"q": text})) == {}, text


def test_an_eni_is_found_in_its_group(client_of, reader, group):
    Member.objects.create(
        group=group, server_id="eni-1", server_ip="10.9.8.7", port=80, weight=1, type="eni"
    )
    for text in ("eni-1", "10.9.8"):
        answer = client_of(reader).get(QUICK, {"q": text})
        assert found(answer) == {"members": ["eni-1:80 10.9.8.7"]}
    hit = answer.context["found"][0].hits[0]
    assert hit.url == address("groups-detail", group.load_balancer, group.pk)


def test_certificates_access_lists_and_domains_are_found(client_of, reader, listener):
    place = {"account": the_account(), "region_id": REGION}
    ServerCertificate.objects.create(
        certificate_id="cert-1", name="wild", alternative_names=["*.shop.example.com"], **place
    )
    acl = AccessControlList.objects.create(acl_id="acl-1", name="office", **place)
    acl.entries.create(network="203.0.113.0/24")
    balancer = listener.load_balancer
    secure = balancer.listeners.create(protocol="https", port=443, status="running")
    secure.extensions.create(domain_extension_id="de-1", domain="m.shop.example.com")
    pair = balancer.master_slave_groups.create(group_id="rsp-pair", name="database")
    client = client_of(reader)
    assert found(client.get(QUICK, {"q": "shop.example.com"})) == {
        "domains": ["m.shop.example.com"],
        "certificates": ["wild"],
    }
    assert found(client.get(QUICK, {"q": "203.0.113"})) == {"access-lists": ["office"]}
    assert client.get(SEARCH, {"q": "acl-1"})["Location"].endswith("/access-lists/acl-1/")
    assert found(client.get(QUICK, {"q": "databa"})) == {"pairs": [str(pair)]}


def test_what_the_cloud_no_longer_has_is_not_found(client_of, reader, group):
    balancer = group.load_balancer
    assert found(client_of(reader).get(QUICK, {"q": group.pk}))
    LoadBalancer.objects.filter(pk=balancer.pk).update(vanished_at=balancer.touched_at)
    for text in (group.pk, balancer.pk):
        left = found(client_of(reader).get(QUICK, {"q": text}))
        assert left.keys() <= {"drift"}, "that it came is still told"


def test_what_is_called_so_comes_before_what_holds_the_text(client_of, reader, balancer):
    VServerGroup.objects.bulk_create(
        VServerGroup(
            vserver_group_id=f"rsp-{name}",
            name=name,
            load_balancer=balancer,
            synced_at=balancer.touched_at,
        )
        for name in ("a-blue", "blue-2", "blue")
    )
    answer = client_of(reader).get(QUICK, {"q": "blue"})
    assert found(answer)["groups"] == ["blue", "blue-2", "a-blue"]


@pytest.mark.parametrize("what", ["instance", "group", "rule", "server"])
def test_a_whole_id_goes_straight_to_its_page(client_of, reader, demo, what):
    pay = demo[1]
    group, rule = pay.vserver_groups.first(), pay.listeners.get(port=80).rules.first()
    ids = {"instance": pay.pk, "group": group.pk, "rule": rule.pk, "server": web(1)}
    urls = {
        "instance": address("balancers-detail", pay),
        "group": address("groups-detail", pay, group.pk),
        "rule": address("rules-list", pay, "http", 80),
        "server": reverse("servers-detail", args=[REGION, web(1)]),
    }
    answer = client_of(reader).get(SEARCH, {"q": f" {ids[what].upper()} "})
    assert answer["Location"] == urls[what]


def operation(balancer, **values) -> Operation:
    made = Operation.objects.create(
        actor_name="somebody",
        permission="CHANGE_GROUPS",
        verb="edit group",
        region_id=balancer.region_id,
        load_balancer_id=balancer.pk,
        resource_type="group",
        resource_id="rsp-1",
        **values,
    )
    OperationCall.objects.create(
        operation=made, position=0, action="X", params={}, changes=[], request_id=f"CALL-{made.pk}"
    )
    return made


def test_an_operation_is_found_by_number_and_by_request_id(client_of, operator, balancer):
    made, _ = operation(balancer, web_request_id="web-1"), operation(balancer)
    client = client_of(operator)
    for text in (f"#{made.pk}", f"CALL-{made.pk}", "web-1"):
        answer = client.get(SEARCH, {"q": text})
        assert answer["Location"] == reverse("operations-detail", args=[made.pk]), text
    assert len(found(client.get(SEARCH, {"q": "rsp-1"}))["operations"]) == 2


def test_what_takes_its_time_and_what_differs_is_found(
    client_of, operator, reader, balancer, group
):
    procedure = Procedure.objects.create(
        kind="drain", phase="zeroing", name="blue", reason="new kernel", region_id=REGION
    )
    procedure.members.create(server_id=web(1), server_name="web-01", weight_before=100)
    batch = Batch.objects.create(verb="delete groups", region_id=REGION, actor_name="somebody")
    batch.items.create(
        position=0, verb="delete group", load_balancer_id=balancer.pk, object_id="rsp-deleted"
    )
    now = timezone.now()
    Drift.objects.create(
        object_type="group",
        object_id="rsp-other",
        object_name="other",
        region_id=REGION,
        load_balancer_id=balancer.pk,
        field="name",
        first_seen_at=now,
        last_seen_at=now,
    )
    client = client_of(operator)
    for text in ("kernel", web(1), f"#{procedure.pk}"):
        assert found(client.get(QUICK, {"q": text}))["procedures"] == [
            f"#{procedure.pk} Drain, then remove: blue"
        ]
    for text in ("rsp-deleted", f"#{batch.pk}"):
        assert found(client.get(QUICK, {"q": text}))["batches"] == [f"#{batch.pk} Delete groups"]
    answer = client.get(QUICK, {"q": "rsp-other"})
    assert found(answer) == {"drift": ["VServer group other"]}
    listed = client.get(answer.context["found"][0].hits[0].url)
    assert [row.drift.object_id for row in listed.context["rows"]] == ["rsp-other"]
    assert "batches" not in found(client_of(reader).get(QUICK, {"q": "rsp-deleted"}))
    assert client.get(SEARCH, {"q": "#" + "9" * 30}).status_code == 200


def test_a_ca_certificate_is_found(client_of, reader, cloud):
    CACertificate.objects.create(
        certificate_id="ca-1", name="clients", account=the_account(), region_id=REGION
    )
    answer = client_of(reader).get(SEARCH, {"q": "ca-1"})
    assert client_of(reader).get(answer["Location"]).status_code == 200
    assert found(client_of(reader).get(QUICK, {"q": "clients"})) == {"ca-certificates": ["clients"]}


def test_a_reader_finds_no_operations(client_of, reader, balancer):
    made = operation(balancer)
    assert found(client_of(reader).get(SEARCH, {"q": f"#{made.pk}"})) == {}
    assert client_of(reader).get(SEARCH, {"q": "ab", "kind": "operations"}).status_code == 404


def test_all_of_one_kind_are_listed_in_pages(client_of, reader, cloud):
    LoadBalancer.objects.bulk_create(
        LoadBalancer(
            load_balancer_id=f"lb-many-{n:03d}",
            name=f"many-{n:03d}",
            region_id=REGION if n % 2 else "cn-shanghai",
            account=the_account(),
        )
        for n in range(35)
    )
    client = client_of(reader)
    first = client.get(SEARCH, {"q": "many"})
    assert "All 35 results" in first.content.decode()
    assert len(found(first)["instances"]) == 5
    more = {"q": "many", "kind": "instances"}
    second = client.get(SEARCH, {**more, "page": 2}).content.decode()
    assert "many-034" in second
    assert "many-001" not in second
    part = client.get(SEARCH, more, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "many-001" in part
    assert client.get(SEARCH, {"q": "many", "kind": "planets"}).status_code == 404


def test_one_letter_finds_nothing_and_says_so(client_of, reader, demo):
    page = client_of(reader).get(SEARCH, {"q": "p"}).content.decode()
    assert "Two characters or more" in page
    assert "Type two characters" in client_of(reader).get(QUICK, {"q": "p"}).content.decode()
    assert "Nothing is called “zzz”" in client_of(reader).get(QUICK, {"q": "zzz"}).content.decode()
    assert "Nothing matches “zzz”" in client_of(reader).get(SEARCH, {"q": "zzz"}).content.decode()


def test_one_chinese_character_is_a_word(client_of, reader, balancer):
    LoadBalancer.objects.filter(pk=balancer.pk).update(name="订单")
    assert found(client_of(reader).get(QUICK, {"q": "订"}))["instances"] == ["订单"]


def test_the_box_is_on_every_page_and_needs_no_script(client_of, reader, balancer):
    page = client_of(reader).get(address("balancers-detail", balancer)).content.decode()
    assert 'role="combobox"' in page
    assert 'action="/search/"' in page


def test_a_stranger_finds_nothing(client_of, stranger, balancer):
    for url in (SEARCH, QUICK):
        assert client_of(stranger).get(url, {"q": "test"}).status_code == 404


def test_search_answers_reads_only(client_of, reader, db):
    for url in (SEARCH, QUICK):
        assert client_of(reader).post(url).status_code == 405


def test_a_control_character_is_no_error(client_of, reader, demo):
    answer = client_of(reader).get(QUICK, {"q": "pay\x00-intranet"})
    assert found(answer)["instances"] == ["pay-intranet"]
    assert client_of(reader).get(SEARCH, {"q": "#" + "9" * 300}).status_code == 200


@pytest.mark.parametrize("count", [1, 40])
def test_each_kind_is_one_query_whatever_is_found(client_of, operator, balancer, count):
    VServerGroup.objects.bulk_create(
        VServerGroup(
            vserver_group_id=f"rsp-n{n}",
            name=f"many {n}",
            load_balancer=balancer,
            synced_at=balancer.touched_at,
        )
        for n in range(count)
    )
    client = client_of(operator)
    client.get(QUICK, {"q": "many"})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(QUICK, {"q": "many"})
    asked = [one for one in queries if "search_text" in one["sql"] or "OVER" in one["sql"]]
    assert len(asked) == len(search._kinds)
    assert len(queries) <= len(asked) + 2, "session and person"
