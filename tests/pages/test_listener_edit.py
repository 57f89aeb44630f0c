"""The edit of an HTTP listener: what it saves, and what it does when others were quicker."""

import re

import pytest

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from tests.pages.browserless import Visitor
from tests.pages.test_listeners import FORM, KEY, in_cloud
from vservers.models import Operation


def seen_in(client, url):
    """The form's hidden fingerprint, as a browser would send it back."""
    return dict(client.get(url).context["seen"].fields)


def test_edit_shows_what_is_and_saves_what_differs(
    client_of, operator, balancer, listener, group, outsider
):
    client, url = client_of(operator), address("listeners-edit", balancer, *KEY)
    shown = client.get(url).context
    form = shown["form"]
    assert form["health_check_domain"].value() == "check.example.com"
    assert form["listening_port"].value() == 80
    typed = FORM | {"target": group.pk} | dict(shown["seen"].fields)
    # Empty now: each server's own port and address again.
    assert client.post(url, typed).status_code == 303
    found = in_cloud(outsider, balancer)
    assert found["VServerGroupId"] == group.pk
    assert "HealthCheckConnectPort" not in found
    assert found["HealthCheckDomain"] == "$_ip"
    assert client.get(url).context["form"]["health_check_domain"].value() is None


def test_edit_cannot_move_a_listener_to_another_port(
    client_of, operator, balancer, listener, outsider
):
    client, url = client_of(operator), address("listeners-edit", balancer, *KEY)
    client.post(url, FORM | {"listening_port": "99"} | seen_in(client, url))
    assert [row.port for row in balancer.listeners.all()] == [80]


def test_edit_goes_back_to_the_pool(client_of, operator, balancer, listener, group, outsider):
    client, url = client_of(operator), address("listeners-edit", balancer, *KEY)
    for chosen in (group.pk, ""):
        typed = FORM | {"target": chosen} | seen_in(client, url)
        assert client.post(url, typed).status_code == 303
    assert balancer.listeners.get().vserver_group is None


def test_a_listener_without_backend_port_is_not_offered_the_pool(
    client_of, operator, balancer, group, outsider
):
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        VServerGroupId=group.pk,
        HealthCheck="off",
    )
    mirror(balancer.pk)
    page = client_of(operator).get(address("listeners-edit", balancer, *KEY)).content.decode()
    assert "Backend Servers (default pool)" not in page
    assert "created without a backend port" in page


def test_saving_nothing_new_calls_nothing(client_of, operator, balancer, listener, outsider):
    client, url = client_of(operator), address("listeners-edit", balancer, *KEY)
    shown = client.get(url).context
    form = shown["form"]
    typed = FORM | {
        "description": "front",
        "health_check_domain": "check.example.com",
        "health_check_connect_port": "9000",
        "health_check_codes": form["health_check_codes"].value(),
        **dict(shown["seen"].fields),
    }
    answer = client.post(url, typed, follow=True)
    assert "HTTP:80 stays as it was." in answer.content.decode()


def test_two_people_see_both_versions_and_the_second_chooses(
    client_of, operator, balancer, listener, outsider
):
    client, url = client_of(operator), address("listeners-edit", balancer, *KEY)
    mine = FORM | {"description": "mine", "scheduler": "rr"} | seen_in(client, url)
    outsider.call(
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        Description="theirs",
        RequestTimeout=90,
    )
    answer = client.post(url, mine, headers=HTMX)
    assert answer.status_code == 422
    assert "changed by somebody else" in answer.content.decode()
    lines = {line.label: line for line in answer.context["lines"]}
    shown = lines["Listener name"]
    assert (shown.theirs, shown.mine, shown.is_open) == ("theirs", "mine", True)
    # Where only one has changed something, that is chosen already.
    assert lines["Request timeout"].difference.choice == "theirs"
    assert lines["Scheduling algorithm"].difference.choice == "mine"
    assert in_cloud(outsider, balancer)["Description"] == "theirs"

    again = mine | dict(answer.context["seen"].fields)
    refused = client.post(url, again, headers=HTMX)
    assert refused.status_code == 422
    assert refused.context["asked"]
    assert client.post(url, again | {"choice-description": "mine"}).status_code == 303
    saved = in_cloud(outsider, balancer)
    assert (saved["Description"], saved["Scheduler"]) == ("mine", "rr")
    assert saved["RequestTimeout"] == 90, "their change stands beside mine"


def test_a_wrong_field_in_a_conflict_loses_no_choice(
    client_of, operator, balancer, listener, outsider
):
    client, url = client_of(operator), address("listeners-edit", balancer, *KEY)
    mine = FORM | {"description": "mine"} | seen_in(client, url)
    outsider.call(
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        Description="theirs",
    )
    conflict = dict(client.post(url, mine).context["seen"].fields)
    wrong = mine | conflict | {"idle_timeout": "999", "choice-description": "theirs"}
    answer = client.post(url, wrong)
    assert answer.status_code == 422
    assert ("choice-description", "theirs") in answer.context["kept_choices"]
    right = mine | dict(answer.context["seen"].fields) | {"choice-description": "theirs"}
    assert client.post(url, right).status_code == 303
    assert in_cloud(outsider, balancer)["Description"] == "theirs"


def test_editing_what_is_gone_says_so(client_of, operator, balancer, listener, outsider):
    client, url = client_of(operator), address("listeners-edit", balancer, *KEY)
    typed = FORM | seen_in(client, url)
    outsider.call("DeleteLoadBalancerListener", LoadBalancerId=balancer.pk, ListenerPort=80)
    answer = client.post(url, typed, follow=True)
    assert "This listener does not exist any more." in answer.content.decode()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_listeners_of_layer_4_are_edited_too(
    client_of, operator, balancer, group, outsider, protocol
):
    word = protocol.upper()
    outsider.call(
        f"CreateLoadBalancer{word}Listener",
        LoadBalancerId=balancer.pk,
        ListenerPort=7000,
        VServerGroupId=group.pk,
        BackendServerPort=70,
        Bandwidth=-1,
    )
    pair_id = outsider.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        MasterSlaveServerGroupName="pair",
        MasterSlaveBackendServers=[
            {"ServerId": web(n), "Port": 80, "Weight": 100, "ServerType": role}
            for n, role in ((1, "Master"), (2, "Slave"))
        ],
    )["MasterSlaveServerGroupId"]
    mirror(balancer.pk)
    client, url = client_of(operator), address("listeners-edit", balancer, protocol, 7000)
    Visitor(client, url).press("", description=f"{protocol}_7000")
    before = Operation.objects.count()
    Visitor(client, url).press("")
    assert Operation.objects.count() == before, "saved as it was, it needs no call"
    visitor = Visitor(client, url).press("", target=f"pair:{pair_id}", unhealthy_threshold="7")
    assert visitor.answer.status_code == 303, visitor.answer.context["form"].errors
    listener = balancer.listeners.get()
    assert (listener.vserver_group, listener.master_slave_server_group_id) == (None, pair_id)
    assert listener.settings["unhealthy_threshold"] == 7
    page = client.get(address("listeners-list", balancer)).content.decode()
    assert page.count(">pair</a>") == 1, re.findall(r"<td[^>]*Server group.*?</td>", page, re.S)
    Visitor(client, url).press("", target="")
    assert balancer.listeners.get().master_slave_server_group_id == ""


def test_the_list_is_narrowed_on_the_server(client_of, reader, balancer, listener, outsider):
    client, url = client_of(reader), address("listeners-list", balancer)
    for query, found in (
        ({"q": "front"}, 1),
        ({"q": "http:80"}, 1),
        ({"q": "tcp:80"}, 0),
        ({"q": "80"}, 1),
        ({"protocol": "tcp"}, 0),
        ({"status": "stopped", "target": "pool"}, 1),
        ({"target": "group"}, 0),
        ({"target": "redirect"}, 0),
        ({"target": "pair"}, 0),
    ):
        assert len(client.get(url, query).context["rows"]) == found, query
    assert "No listener matches." in client.get(url, {"q": "nothing"}).content.decode()
