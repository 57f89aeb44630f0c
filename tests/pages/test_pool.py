"""Backend Servers: the table with weights, the picker, removal."""

import pytest

from tests.cloud import REGION, mirror, pay, report, web
from tests.pages.addresses import HTMX, address
from tests.pages.browserless import form_of
from vservers.models import PoolServer, Server
from vservers.selectors.fingerprints import pool_fingerprint
from vservers.selectors.groups import pool_rows


@pytest.fixture
def pool(balancer, outsider):
    """web-01 and web-02 in the pool with weights 100 and 50, used by no listener; mirrored."""
    outsider.call(
        "AddBackendServers",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        BackendServers=[
            {"ServerId": web(1), "Weight": "100"},
            {"ServerId": web(2), "Weight": "50"},
        ],
    )
    mirror(balancer.pk)
    return balancer


def weights(balancer):
    return {row.server_id: row.weight for row in balancer.pool_servers.all()}


def in_cloud(outsider, balancer):
    answer = outsider.call(
        "DescribeLoadBalancerAttribute", RegionId=REGION, LoadBalancerId=balancer.pk
    )
    rows = answer["BackendServers"]["BackendServer"]
    return {row["ServerId"]: int(row["Weight"]) for row in rows}


def test_the_table_shows_servers_with_share(client_of, reader, pool):
    page = client_of(reader).get(address("pool-list", pool)).content.decode()
    for words in ("web-01", web(2), "cn-hangzhou-h", "66.7 %", "33.3 %", "Running"):
        assert words in page
    for offer in ("Save weights", "Remove", 'name="server"'):
        assert offer not in page, "a reader is not offered what they may not do"


def test_it_says_which_listeners_use_the_pool(client_of, reader, pool, outsider):
    page = client_of(reader).get(address("pool-list", pool)).content.decode()
    assert "No listener uses these servers." in page
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=pool.pk,
        ListenerPort=80,
        BackendServerPort=8080,
        HealthCheck="off",
        Scheduler="rr",
    )
    mirror(pool.pk)
    page = client_of(reader).get(address("pool-list", pool)).content.decode()
    assert "HTTP:80" in page
    assert "on port 8080" in page
    assert "HTTP:80 uses round robin, which ignores weights" in page


def test_a_server_that_the_mirror_does_not_hold_is_still_shown(client_of, operator, pool):
    Server.objects.filter(pk=web(2)).delete()
    page = client_of(operator).get(address("pool-list", pool)).content.decode()
    assert web(2) in page
    assert "Unknown" in page


def test_health_of_a_rules_group_is_not_that_of_the_pool(pool, outsider):
    group_id = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=pool.pk,
        VServerGroupName="g",
        BackendServers=[{"ServerId": web(1), "Port": 81}],
    )["VServerGroupId"]
    place = {"LoadBalancerId": pool.pk, "ListenerPort": 80}
    outsider.call(
        "CreateLoadBalancerHTTPListener", BackendServerPort=8080, HealthCheck="on", **place
    )
    rule = {"RuleName": "r", "Url": "/a", "VServerGroupId": group_id}
    outsider.call("CreateRules", RegionId=REGION, RuleList=[rule], **place)
    mirror(pool.pk)
    pool.listeners.get().health.filter(server_id=web(1), port=8080).update(status="normal")
    first, _ = pool_rows(pool)
    assert first.health == "normal"


def test_an_empty_pool_says_what_it_is_for(client_of, operator, balancer):
    page = client_of(operator).get(address("pool-list", balancer)).content.decode()
    assert "No backend server yet" in page


def test_under_htmx_only_the_part_is_answered(client_of, reader, pool):
    part = client_of(reader).get(address("pool-list", pool), headers=HTMX)
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_grow_with_the_servers(
    client_of, operator, balancer, django_assert_max_num_queries, count
):
    PoolServer.objects.bulk_create(
        PoolServer(load_balancer=balancer, server_id=f"i-{n}", weight=1) for n in range(count)
    )
    client = client_of(operator)
    for name in ("pool-list", "pool-add"):
        client.get(address(name, balancer))
        with django_assert_max_num_queries(11):
            client.get(address(name, balancer))


def test_weights_are_saved_and_read_again(client_of, operator, pool, outsider):
    typed = {f"weight-{web(1)}": "0", f"weight-{web(2)}": "100", "seen": pool_fingerprint(pool)}
    answer = client_of(operator).post(address("pool-weights", pool), typed, headers=HTMX)
    assert answer.status_code == 204
    assert "pool-changed" in answer["HX-Trigger"]
    assert in_cloud(outsider, pool) == weights(pool) == {web(1): 0, web(2): 100}
    page = client_of(operator).get(address("pool-list", pool)).content.decode()
    assert "drained" in page


def test_the_same_weights_are_no_change(client_of, operator, pool):
    typed = {f"weight-{web(1)}": "100", f"weight-{web(2)}": "50", "seen": pool_fingerprint(pool)}
    answer = client_of(operator).post(address("pool-weights", pool), typed, follow=True)
    assert "No weight has changed." in answer.content.decode()


def test_somebody_elses_weights_are_not_overwritten_silently(client_of, operator, pool, outsider):
    client = client_of(operator)
    seen = dict(client.get(address("pool-list", pool)).context["seen"].fields)
    typed = {f"weight-{web(1)}": "7", f"weight-{web(2)}": "50"}
    outsider.call(
        "SetBackendServers",
        RegionId=REGION,
        LoadBalancerId=pool.pk,
        BackendServers=[{"ServerId": web(2), "Weight": "0"}],
    )
    answer = client.post(address("pool-weights", pool), typed | seen, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "changed by somebody else" in page
    assert in_cloud(outsider, pool) == weights(pool) == {web(1): 100, web(2): 0}
    assert f'<a href="{address("pool-list", pool)}">open theirs</a>' in page
    lines = [(line.before, line.theirs, line.mine) for line in answer.context["lines"]]
    assert lines == [
        ("weight 100", "weight 100", "weight 7"),
        ("weight 50", "weight 0", "weight 50"),
    ]
    renewed = dict(answer.context["seen"].fields)
    client.post(address("pool-weights", pool), typed | renewed, headers=HTMX)
    assert in_cloud(outsider, pool) == {web(1): 7, web(2): 0}, "the merge of both"


def test_both_changed_one_weight_and_the_second_has_to_choose(client_of, operator, pool, outsider):
    client, url = client_of(operator), address("pool-weights", pool)
    seen = dict(client.get(address("pool-list", pool)).context["seen"].fields)
    typed = {f"weight-{web(1)}": "7", f"weight-{web(2)}": "50"}

    def theirs(weight):
        outsider.call(
            "SetBackendServers",
            RegionId=REGION,
            LoadBalancerId=pool.pk,
            BackendServers=[{"ServerId": web(1), "Weight": str(weight)}],
        )

    theirs(1)
    answer = client.post(url, typed | seen, headers=HTMX)
    again = typed | dict(answer.context["seen"].fields)
    answer = client.post(url, again, headers=HTMX)
    assert (answer.status_code, answer.context["asked"]) == (422, True)
    # A choice against a value that changes once more is asked for anew.
    theirs(2)
    answer = client.post(url, again | {f"choice-{web(1)}": "mine"}, headers=HTMX)
    assert answer.status_code == 422
    assert [line.is_open for line in answer.context["lines"]] == [True]
    again = typed | dict(answer.context["seen"].fields) | {f"choice-{web(1)}": "theirs"}
    client.post(url, again, headers=HTMX)
    assert in_cloud(outsider, pool) == {web(1): 2, web(2): 50}


@pytest.mark.parametrize("weight", ["-1", "101", "", "many", "1.5"])
def test_a_bad_weight_is_said_beside_the_field_and_kept(client_of, operator, pool, weight):
    typed = {f"weight-{web(1)}": "7", f"weight-{web(2)}": weight, "seen": pool_fingerprint(pool)}
    answer = client_of(operator).post(address("pool-weights", pool), typed, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Enter a whole number from 0 to 100." in page
    assert 'value="7"' in page, "the good one is kept too"
    assert weights(pool) == {web(1): 100, web(2): 50}


def test_failed_weights_say_code_and_request_id_and_stay(client_of, operator, pool, flaky_cloud):
    flaky_cloud.refuse("SetBackendServers", "InvalidWeight.Malformed", 1)
    typed = {f"weight-{web(1)}": "7", f"weight-{web(2)}": "50", "seen": pool_fingerprint(pool)}
    answer = client_of(operator).post(address("pool-weights", pool), typed, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in ("InvalidWeight.Malformed", "RequestId", 'value="7"'):
        assert words in page


def test_the_picker_greys_what_cannot_join_and_says_why(client_of, operator, pool):
    url = address("pool-add", pool)
    rows = client_of(operator).get(url).context["candidates"].rows
    assert {row.server.network_type for row in rows} == {"classic"}
    reasons = {row.server.pk: row.why_not for row in rows}
    assert reasons[web(1)] == "Already in Backend Servers."
    assert reasons[web(3)] == ""
    assert "stopped" in reasons[web(8)]


def test_the_selection_survives_search_paging_and_a_change_of_mind(client_of, operator, balancer):
    client, url = client_of(operator), address("pool-add", balancer)
    typed = {"network_type": "classic", "tick": [web(1)], "q": "cache", "weight": "7"}
    answer = client.post(url, typed | {"intent": "search"}, headers=HTMX)
    assert answer.status_code == 200
    assert [server.pk for server in answer.context["candidates"].elsewhere] == [web(1)]
    assert 'value="7"' in answer.content.decode()
    typed |= {"network_type": "vpc", "q": "", "tick": [pay(1)]}
    answer = client.post(url, typed | {"intent": "page:2"}, headers=HTMX)
    assert answer.context["candidates"].page.number == 2
    assert [server.pk for server in answer.context["candidates"].elsewhere] == [pay(1)]
    assert not balancer.pool_servers.exists()


def test_what_is_ticked_decides_the_network(client_of, operator, balancer):
    typed = {"network_type": "classic", "tick": [pay(1)], "intent": "search", "q": "report"}
    candidates = (
        client_of(operator).post(address("pool-add", balancer), typed).context["candidates"]
    )
    assert candidates.network_type == "vpc"
    assert {row.why_not for row in candidates.rows} == {
        "The server is in vpc-bp1analytics000001. "
        "Only servers of vpc-bp1payments0000001 can be added."
    }


def test_ticked_servers_are_added_with_the_weight(client_of, operator, balancer, outsider):
    typed = {"intent": "add", "tick": [web(1), web(2), web(2)], "weight": "30"}
    answer = client_of(operator).post(address("pool-add", balancer), typed, headers=HTMX)
    assert answer.status_code == 204
    assert "2 servers were added." in answer["HX-Trigger"]
    assert in_cloud(outsider, balancer) == weights(balancer) == {web(1): 30, web(2): 30}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"weight": "100"}, "Tick at least one server."),
        ({"weight": "101", "tick": [web(3)]}, "Enter a whole number from 0 to 100."),
        ({"weight": "", "tick": [web(3)]}, "Enter a whole number from 0 to 100."),
        ({"weight": "5", "tick": [web(8)]}, "The server is stopped."),
        ({"weight": "5", "tick": [web(1), report(1)]}, "networks cannot be mixed"),
        ({"weight": "5", "tick": ["i-of-another-region"]}, "is not a server of cn-hangzhou"),
    ],
)
def test_what_cannot_be_added_is_said_and_kept(client_of, operator, balancer, typed, sentence):
    answer = client_of(operator).post(
        address("pool-add", balancer), typed | {"intent": "add"}, headers=HTMX
    )
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert answer.context["form"]["weight"].value() == typed["weight"]
    assert not balancer.pool_servers.exists()


def test_a_failed_add_says_code_and_request_id_and_keeps_ticks(
    client_of, operator, balancer, flaky_cloud
):
    flaky_cloud.refuse("AddBackendServers", "ObtainIpFail", 1)
    typed = {"intent": "add", "tick": [web(3)], "weight": "9", "network_type": "classic"}
    answer = client_of(operator).post(address("pool-add", balancer), typed, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in ("ObtainIpFail", "RequestId", 'value="9"'):
        assert words in page
    assert answer.context["ticks"] == [web(3)]


def test_removal_asks_first_and_removes_what_was_ticked(client_of, operator, pool, outsider):
    client, url = client_of(operator), address("pool-remove", pool)
    page = client.get(url, {"server": [web(1)]}).content.decode()
    assert "Remove web-01?" in page
    assert "set the weight to 0 first" in page
    assert in_cloud(outsider, pool) == {web(1): 100, web(2): 50}
    assert client.post(url, form_of(page)).status_code == 303
    assert in_cloud(outsider, pool) == weights(pool) == {web(2): 50}


def test_removing_all_says_who_cannot_answer_then(client_of, operator, pool, outsider):
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=pool.pk,
        ListenerPort=80,
        BackendServerPort=8080,
        HealthCheck="off",
    )
    mirror(pool.pk)
    url = address("pool-remove", pool)
    page = client_of(operator).get(url, {"server": [web(1), web(2)]}).content.decode()
    assert "Remove 2 of 2 servers?" in page
    assert "HTTP:80 cannot answer what no rule takes" in page


def test_removing_what_is_not_there_says_so(client_of, operator, pool):
    answer = client_of(operator).get(
        address("pool-remove", pool), {"server": [web(5)]}, follow=True
    )
    assert "None of these servers is in Backend Servers." in answer.content.decode()


def test_a_failed_removal_says_code_and_request_id(client_of, operator, pool, flaky_cloud):
    flaky_cloud.refuse("RemoveBackendServers", "RspoolVipExist", 1)
    answer = client_of(operator).post(
        address("pool-remove", pool), {"server": web(1), "asked": "1"}
    )
    assert answer.status_code == 422
    assert "RspoolVipExist" in answer.content.decode()
    assert web(1) in weights(pool)


@pytest.mark.parametrize("name", ["pool-add", "pool-weights", "pool-remove"])
def test_a_reader_may_not_and_a_stranger_finds_nothing(client_of, reader, stranger, pool, name):
    url = address(name, pool) + f"?server={web(1)}"
    typed = {"intent": "add", "tick": web(3), "weight": "1", f"weight-{web(1)}": "1"}
    assert client_of(reader).post(url, typed).status_code == 403
    assert client_of(stranger).post(url, typed).status_code == 404
    assert weights(pool) == {web(1): 100, web(2): 50}


def test_wrong_methods_and_a_stranger_at_the_list(client_of, operator, stranger, pool):
    assert client_of(operator).post(address("pool-list", pool)).status_code == 405
    assert client_of(operator).get(address("pool-weights", pool)).status_code == 405
    assert client_of(operator).put(address("pool-add", pool)).status_code == 405
    assert client_of(stranger).get(address("pool-list", pool)).status_code == 404
