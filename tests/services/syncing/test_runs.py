"""Full and incremental syncs as runs: what they read, how they end, what is due when."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from console.accounts.permissions import NotAllowed
from tests.cloud import REGION, api_group, connect, place, the_account, web
from vservers import jobs
from vservers.cloud import CloudRefused
from vservers.models import (
    Drift,
    Listener,
    LoadBalancer,
    Member,
    PoolServer,
    Rule,
    Server,
    ServerHealth,
    SyncRun,
    VServerGroup,
)
from vservers.services import incremental_sync, readings, runs, schedule, vanishing
from vservers.services.runs import Progress, Stopped
from vservers.services.sync import store

FULL, INCREMENTAL = SyncRun.Kind.FULL, SyncRun.Kind.INCREMENTAL


def sync(kind=FULL, *, region=REGION, **options):
    """One run of a region, carried out here."""
    where = place(region)
    runs.ask_for(where, kind)
    (run,) = schedule.carry_out_all(where, **options)
    return run


@pytest.fixture
def calls(flaky_cloud):
    """The actions that arrive from now on."""
    arrived: list[str] = []
    flaky_cloud.watch(arrived.append)
    return arrived


@pytest.fixture
def group(balancer, outsider):
    made = api_group(outsider, balancer.pk)
    sync()
    return VServerGroup.objects.get(pk=made)


def everything():
    """Every mirrored row, without the moments of reading and our own keys."""
    listeners = {one.pk: str(one) for one in Listener.objects.all()}
    return {
        "balancers": set(LoadBalancer.objects.values_list("pk", "name", "address", "status")),
        "groups": set(VServerGroup.objects.values_list("pk", "name", "load_balancer")),
        "members": set(Member.objects.values_list("group", "server", "port", "weight")),
        "pools": set(PoolServer.objects.values_list("load_balancer", "server", "weight")),
        "listeners": {
            (one.load_balancer_id, one.protocol, one.port, one.status, one.vserver_group_id)
            for one in Listener.objects.all()
        },
        "rules": {
            (one.pk, listeners[one.listener_id], one.domain, one.url, one.vserver_group_id)
            for one in Rule.objects.all()
        },
        "servers": set(Server.objects.values_list("pk", "name", "status")),
    }


def test_a_run_tells_what_it_did(cloud):
    said = []
    run = sync(say=lambda run: said.append((run.stage, run.done, run.total)))
    assert run.status == "done"
    assert run.rows > 24
    assert run.done == run.total == LoadBalancer.objects.filter(region=REGION).count()
    assert {stage for stage, _, _ in said} >= {"servers", "balancers", "parts"}
    assert run.started_at and run.ended_at
    assert place().synced_at == run.started_at


def test_several_readers_see_the_same_as_one(transactional_db, cloud, settings, group):
    one_by_one = everything()
    settings.SYNC_READERS = 4
    LoadBalancer.everything.all().delete()
    run = sync()
    assert run.status == "done", run.errors
    assert everything() == one_by_one


def test_an_incremental_sync_of_what_did_not_change_reads_lists_only(group, calls):
    ServerHealth.objects.update(status="normal")
    run = sync(INCREMENTAL)
    assert run.status == "done"
    assert set(calls) == {
        "DescribeLoadBalancers",
        "DescribeLoadBalancerListeners",
        "DescribeVServerGroups",
        # The group was changed, by being made, a moment ago.
        "DescribeVServerGroupAttribute",
    }
    assert calls.count("DescribeVServerGroupAttribute") <= 100
    VServerGroup.objects.update(changed_at=None)
    calls.clear()
    sync(INCREMENTAL)
    assert set(calls) == {
        "DescribeLoadBalancers",
        "DescribeLoadBalancerListeners",
        "DescribeVServerGroups",
    }


def test_health_that_is_not_normal_is_asked_for_again(group, calls):
    VServerGroup.objects.update(changed_at=None)
    ServerHealth.objects.update(status="normal")
    ill = ServerHealth.objects.filter(listener__health_check="on").first()
    assert ill
    ServerHealth.objects.filter(pk=ill.pk).update(status="abnormal")
    sync(INCREMENTAL)
    assert calls.count("DescribeHealthStatus") == 1
    ill.refresh_from_db()
    assert ill.status == "unavailable", "without data plane the cloud says no more"
    calls.clear()
    sync(INCREMENTAL)
    assert calls.count("DescribeHealthStatus") == 1, "the check is not through"
    calls.clear()
    ServerHealth.objects.update(read_at=timezone.now() - timedelta(hours=1))
    sync(INCREMENTAL)
    assert calls.count("DescribeHealthStatus") == 0, "it waits for nothing"


def test_of_health_that_no_check_has_told_a_run_asks_for_some_only(group, calls, monkeypatch):
    monkeypatch.setattr(incremental_sync, "MOST_UNTOLD", 1)
    ServerHealth.objects.update(status="unavailable", read_at=timezone.now())
    checked = ServerHealth.objects.filter(listener__health_check="on")
    assert len(set(checked.values_list("listener__load_balancer", flat=True))) > 1
    sync(INCREMENTAL)
    assert calls.count("DescribeHealthStatus") == 1
    asked = LoadBalancer.objects.order_by("-health_at").first()
    sync(INCREMENTAL)
    assert LoadBalancer.objects.order_by("-health_at").first() != asked, "in turns"


def test_what_is_seen_for_the_first_time_is_no_change_to_keep_an_eye_on(group, outsider):
    LoadBalancer.everything.all().delete()
    sync(FULL)
    assert not VServerGroup.objects.exclude(changed_at=None).exists()
    balancer = group.load_balancer_id
    made = outsider.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=balancer)
    sync(FULL)
    changed = VServerGroup.objects.exclude(changed_at=None)
    assert [one.pk for one in changed] == [made["VServerGroupId"]]


@pytest.mark.parametrize(
    "change",
    [
        ("AddVServerGroupBackendServers", {"BackendServers": [{"ServerId": web(2), "Port": 80}]}),
        ("SetVServerGroupAttribute", {"VServerGroupName": "renamed"}),
        ("DeleteVServerGroup", {}),
    ],
    ids=lambda change: change[0],
)
def test_an_incremental_sync_finds_what_lists_tell_of_groups(group, outsider, change):
    VServerGroup.objects.update(changed_at=None)
    action, parameters = change
    outsider.call(action, RegionId=REGION, VServerGroupId=group.pk, **parameters)
    sync(INCREMENTAL)
    found = everything()
    sync(FULL)
    assert everything() == found
    assert Drift.objects.filter(object_id=group.pk).exists()


def test_an_incremental_sync_finds_new_balancers_listeners_and_rules(group, balancer, outsider):
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        VServerGroupId=group.pk,
        HealthCheck="off",
        StickySession="off",
    )
    sync(INCREMENTAL)
    assert Listener.objects.get(load_balancer=balancer).vserver_group_id == group.pk
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        RuleList=[{"RuleName": "r", "Domain": "a.example", "VServerGroupId": group.pk}],
    )
    made = outsider.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
    outsider.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=made)
    sync(INCREMENTAL)
    assert Rule.objects.get(listener__load_balancer=balancer).domain == "a.example"
    assert VServerGroup.objects.filter(load_balancer=made).exists()
    outsider.call("DeleteLoadBalancer", LoadBalancerId=made)
    sync(INCREMENTAL)
    assert not LoadBalancer.objects.filter(pk=made).exists()


def test_a_weight_is_found_at_once_where_somebody_looks_and_when_due_elsewhere(
    group, outsider, settings
):
    def weight():
        return Member.objects.get(group=group).weight

    def set_weight(value):
        outsider.call(
            "SetVServerGroupAttribute",
            RegionId=REGION,
            VServerGroupId=group.pk,
            BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": value}],
        )

    VServerGroup.objects.update(changed_at=None)
    set_weight(20)
    sync(INCREMENTAL)
    assert weight() == 10, "no list tells it"
    VServerGroup.objects.filter(pk=group.pk).update(viewed_at=timezone.now())
    sync(INCREMENTAL)
    assert weight() == 20
    VServerGroup.objects.update(changed_at=None, viewed_at=None)
    set_weight(30)
    settings.SYNC_GROUP_DUE_SECONDS = 0.001
    sync(INCREMENTAL)
    assert weight() == 30


def test_each_run_takes_its_share_of_what_is_due(group, settings, calls, outsider):
    """Read over many runs, not all in one; the oldest first."""
    settings.SYNC_GROUP_DUE_SECONDS = 3600
    balancer = group.load_balancer
    for number in range(20):
        outsider.call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=balancer.pk,
            VServerGroupName=f"more-{number}",
        )
    sync()
    old = timezone.now() - timedelta(hours=2)
    VServerGroup.objects.update(changed_at=None, synced_at=old)
    # The last sync began a quarter of the due time ago.
    SyncRun.objects.update(started_at=timezone.now() - timedelta(minutes=15))
    calls.clear()
    sync(INCREMENTAL)
    count = VServerGroup.objects.filter(load_balancer__region=REGION).count()
    assert count / 4 <= calls.count("DescribeVServerGroupAttribute") <= count / 4 + 2


def test_what_a_shifting_list_left_out_is_asked_for_by_name(group, monkeypatch):
    from vservers.cloud.slb import Slb

    really = Slb.describe_load_balancers

    def shifting(self, load_balancer_ids=()):
        for one in really(self, load_balancer_ids):
            if load_balancer_ids or one.load_balancer_id != group.load_balancer_id:
                yield one

    monkeypatch.setattr(Slb, "describe_load_balancers", shifting)
    sync(INCREMENTAL)
    assert LoadBalancer.objects.filter(pk=group.load_balancer_id).exists()


def test_a_list_is_compared_with_what_was_written_since_the_run_began(group, outsider, monkeypatch):
    """A server comes and is mirrored, and has gone before the list is asked for."""
    from vservers.cloud.slb import Slb

    really = Slb.describe_vserver_groups
    change = {"RegionId": REGION, "VServerGroupId": group.pk}
    server = [{"ServerId": web(2), "Port": 81, "Weight": 100}]

    def later(self, load_balancer_id, *, with_rules=False):
        monkeypatch.setattr(Slb, "describe_vserver_groups", really)
        outsider.call("AddVServerGroupBackendServers", **change, BackendServers=server)
        store(
            connect(), group.load_balancer_id, readings.one_group(group.load_balancer_id, group.pk)
        )
        assert group.members.count() == 2
        outsider.call("RemoveVServerGroupBackendServers", **change, BackendServers=server)
        return really(self, load_balancer_id, with_rules=with_rules)

    VServerGroup.objects.update(changed_at=None)
    monkeypatch.setattr(Slb, "describe_vserver_groups", later)
    monkeypatch.setattr(incremental_sync, "RECENT", timedelta())
    sync(INCREMENTAL)
    assert group.members.count() == 1


def test_what_comes_back_is_unmarked_and_read_again(group):
    vanishing.balancers_vanish([group.load_balancer_id])
    Server.objects.filter(pk=web(1)).update(vanished_at=timezone.now())
    assert not VServerGroup.objects.filter(pk=group.pk).exists()
    sync(INCREMENTAL)
    sync(FULL)
    assert VServerGroup.objects.get(pk=group.pk).members.count() == 1
    assert Server.objects.filter(pk=web(1)).exists()


def test_what_vanished_is_removed_after_the_grace_period(group, settings):
    vanishing.balancers_vanish([group.load_balancer_id])
    assert vanishing.remove_vanished() == 0
    settings.SYNC_GRACE_SECONDS = 0
    assert vanishing.remove_vanished() == 2
    assert not VServerGroup.everything.filter(pk=group.pk).exists()
    assert not LoadBalancer.everything.filter(pk=group.load_balancer_id).exists()


def test_an_error_at_one_balancer_does_not_stop_the_others(group, flaky_cloud):
    flaky_cloud.refuse("DescribeLoadBalancerAttribute", "InternalError", 1)
    run = sync()
    assert run.status == "partly done"
    assert run.error_count == 1
    assert run.errors[0]["code"] == "InternalError"
    assert run.errors[0]["request_id"]
    assert run.errors[0]["object"].startswith("lb-")
    assert place().synced_at != run.started_at
    assert run.done == run.total


def test_a_cloud_that_is_away_ends_the_run(group, settings):
    account = the_account()
    account.endpoint = "http://127.0.0.1:9"
    account.save()
    run = sync()
    assert run.status == "failed"
    assert run.errors[0]["code"] == "CloudUnreachable"
    assert LoadBalancer.objects.filter(pk=group.load_balancer_id).exists()


def test_too_many_failures_in_a_row_end_a_run(cloud):
    run = SyncRun.objects.create(account=the_account(), region_id=REGION, kind=FULL)

    def work(progress):
        for number in range(100):
            error = CloudRefused(action="A", code="Forbidden", message="no", status=403)
            progress.failed(f"lb-{number}", error)

    runs.carry_out(run, work)
    assert (run.status, run.error_count) == ("failed", runs.MOST_FAILURES_IN_A_ROW)


def test_a_run_is_cancelled_by_somebody_who_may(group, operator, reader):
    where = place()
    run = runs.ask_for(where, FULL)
    with pytest.raises(NotAllowed):
        runs.cancel_run(actor=reader.as_actor(), run=run)

    def cancel(shown):
        if shown.stage == "parts":
            runs.cancel_run(actor=operator.as_actor(), run=shown)

    (run,) = schedule.carry_out_all(where, say=cancel)
    assert (run.status, run.cancel_asked_by) == ("cancelled", "operator")
    assert run.done < run.total
    assert not runs.cancel_run(actor=operator.as_actor(), run=run), "it has ended"


def test_a_run_that_waits_is_cancelled_at_once(cloud, operator):
    run = runs.ask_for(place(), FULL)
    assert runs.cancel_run(actor=operator.as_actor(), run=run)
    assert schedule.carry_out_all(place()) == []


def test_a_stopped_run_goes_on_where_it_was(group, calls, monkeypatch):
    first = sync()
    run = runs.ask_for(place(), FULL)
    read = []

    def stop_soon():
        read[:] = LoadBalancer.objects.filter(synced_at__gt=first.ended_at)
        return len(read) >= 1

    monkeypatch.setattr(runs, "TELL_SECONDS", 0)
    (stopped,) = schedule.carry_out_all(place(), should_stop=stop_soon)
    assert stopped.status == "running"
    calls.clear()
    (run,) = schedule.carry_out_all(place())
    assert (run.status, run.attempts) == ("done", 2)
    assert calls.count("DescribeLoadBalancerAttribute") == run.total - 1


def test_nobody_syncs_a_region_beside_another(transactional_db, cloud):
    key = [runs._LOCKS, place().pk]
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", key)
        runs.ask_for(place(), FULL)
        assert schedule.carry_out_all(place()) == []
        # The end of a session frees it, too, but only once the server has noticed.
        other.execute("SELECT pg_advisory_unlock(%s, %s)", key)
        other.connection.close()
    assert [run.status for run in schedule.carry_out_all(place())] == ["done"]


def test_a_mistake_of_ours_ends_the_run_and_shows_no_more_than_its_name(cloud):
    run = SyncRun.objects.create(account=the_account(), region_id=REGION, kind=FULL)

    def work(progress: Progress) -> None:
        raise ZeroDivisionError("with details")

    runs.carry_out(run, work)
    assert run.status == "failed"
    assert run.errors == [
        {"object": "", "code": "ZeroDivisionError", "message": "", "request_id": ""}
    ]


def test_stopping_is_no_error(cloud):
    run = SyncRun.objects.create(account=the_account(), region_id=REGION, kind=FULL)

    def work(progress):
        raise Stopped(cancelled=False)

    runs.carry_out(run, work)
    assert (run.status, run.ended_at) == ("running", None)


def test_what_is_due_when(cloud, settings):
    now = timezone.now()
    assert schedule.due(place(), now) == FULL, "never read"
    full = sync()
    assert schedule.due(place(), full.ended_at) is None
    soon = now + timedelta(seconds=settings.SYNC_SECONDS + 5)
    assert schedule.due(place(), soon) == INCREMENTAL
    assert schedule.due(place(), now + timedelta(seconds=settings.FULL_SYNC_SECONDS + 5)) == FULL
    settings.SYNC_SECONDS = settings.FULL_SYNC_SECONDS = 0
    assert schedule.due(place(), now + timedelta(days=9)) is None, "switched off"


def test_a_long_full_sync_comes_more_rarely(cloud):
    full = sync()
    full.started_at = full.ended_at - timedelta(hours=1)
    full.save()
    later = full.requested_at + timedelta(hours=2)
    assert schedule.due(place(), later) == INCREMENTAL
    assert schedule.due(place(), full.requested_at + timedelta(hours=11)) == FULL


def test_a_region_without_balancers_is_looked_at_rarely(cloud, settings):
    where = place()
    where.synced_at = timezone.now()
    SyncRun.objects.create(
        account=the_account(), region_id=REGION, kind=FULL, status=SyncRun.Status.DONE
    )
    later = timezone.now() + timedelta(seconds=settings.SYNC_SECONDS * 2)
    assert schedule.due(where, later) is None
    later = timezone.now() + timedelta(seconds=settings.SYNC_SECONDS * 11)
    assert schedule.due(where, later) == INCREMENTAL


def test_the_job_waits_in_the_queue_once(transactional_db, cloud):
    # The queue is no model's table, so other tests may have left jobs of their places in it.
    where = place()
    jobs.defer_sync(where)
    jobs.defer_sync(where)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'sync_region'"
            " AND status = 'todo' AND args->>'place_id' = %s",
            [str(where.pk)],
        )
        assert cursor.fetchone() == (1,)


def test_old_runs_are_forgotten_and_unfinished_ones_never(cloud, monkeypatch):
    monkeypatch.setattr(runs, "KEPT_RUNS", 3)
    unfinished = runs.ask_for(place(), INCREMENTAL)
    for _ in range(5):
        SyncRun.objects.create(
            account=the_account(), region_id=REGION, kind=FULL, status=SyncRun.Status.DONE
        )
    runs.forget_old_runs()
    assert SyncRun.objects.filter(status="done").count() == 3
    assert SyncRun.objects.filter(pk=unfinished.pk).exists()
