"""Batches: each item by itself, whatever the others meet, and whoever dies meanwhile."""

import pytest
from django.utils import timezone

from console.accounts.permissions import NotAllowed
from tests.cloud import REGION, mirror, web
from vservers.cloud.types import BackendServer
from vservers.models import Batch, BatchItem, Operation, VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.services import batches
from vservers.services.bulk_weights import draft_weights
from vservers.services.groups import change_group, create_group
from vservers.services.locks import LostHold
from vservers.services.observing import held_members

Outcome = BatchItem.Outcome


@pytest.fixture
def actor(operator):
    return operator.as_actor(request_id="request-1")


@pytest.fixture
def three(actor, balancer):
    """Three groups, "a", "b", "c", each with web-01:80 on 10 and web-02:81 on 20."""
    return [
        create_group(
            actor=actor,
            load_balancer=balancer,
            name=name,
            members=[BackendServer(web(1), 80, 10), BackendServer(web(2), 81, 20)],
        )
        for name in "abc"
    ]


def weights(group):
    return {(one.server_id, one.port): one.weight for one in group.members.all()}


def drafted(actor, balancer, weight=0, **which):
    return draft_weights(
        actor=actor,
        groups=VServerGroup.objects.filter(load_balancer=balancer),
        region_id=REGION,
        weight=weight,
        **which,
    )


def test_a_draft_shows_the_rows_and_sends_nothing(actor, balancer, three, outsider):
    before = Operation.objects.count()
    batch = drafted(actor, balancer, weight=20)
    assert batch.status == Batch.Status.DRAFT
    assert [item.object_name for item in batch.items.all()] == ["a", "b", "c"]
    [change] = batch.items.first().changes
    assert (change["before"]["weight"], change["after"]["weight"]) == (10, 20)
    assert Operation.objects.count() == before
    assert not batches.carry_out(batch.pk), "it was not begun"
    assert batch.items.filter(outcome=Outcome.PLANNED).count() == 3


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, {(web(1), 80): 0, (web(2), 81): 0}),
        ({"server_ids": {web(2)}}, {(web(1), 80): 10, (web(2), 81): 0}),
        ({"port": 80}, {(web(1), 80): 0, (web(2), 81): 20}),
    ],
)
def test_the_weight_goes_to_the_rows_that_are_meant(actor, balancer, three, which, expected):
    batch = drafted(actor, balancer, **which)
    assert batches.start(actor=actor, batch=batch)
    assert batches.carry_out(batch.pk)
    assert {str(weights(group)) for group in three} == {str(expected)}
    batch.refresh_from_db()
    assert batch.status == Batch.Status.DONE
    operations = [item.operation for item in batch.items.select_related("operation")]
    assert {one.verb for one in operations} == {"change group"}
    assert len({one.pk for one in operations}) == 3, "one operation per group"


def test_groups_that_are_like_this_already_are_counted_and_left(actor, balancer, three):
    change_group(
        actor=actor,
        group=three[0],
        name="a",
        members=[BackendServer(web(1), 80, 5), BackendServer(web(2), 81, 5)],
        seen=fingerprint(three[0]),
    )
    batch = drafted(actor, balancer, weight=5)
    assert batch.unchanged == 1
    assert [item.object_name for item in batch.items.all()] == ["b", "c"]


def test_what_one_item_meets_does_not_matter_to_the_others(actor, balancer, three, outsider):
    """One group was changed since the preview, one is gone, one is as it was."""
    batch = drafted(actor, balancer)
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=three[0].pk,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 77}],
    )
    outsider.call("DeleteVServerGroup", RegionId=REGION, VServerGroupId=three[1].pk)
    batches.start(actor=actor, batch=batch)
    assert batches.carry_out(batch.pk)
    items = {item.object_name: item for item in batch.items.all()}
    assert items["a"].outcome == Outcome.REFUSED
    assert "since the preview" in items["a"].message
    assert items["b"].outcome == Outcome.REFUSED
    assert items["c"].outcome == Outcome.DONE
    assert weights(three[0])[web(1), 80] == 77, "nobody's change is overwritten"


def test_a_refused_call_is_one_items_own_failure(actor, balancer, three, flaky_cloud):
    batch = drafted(actor, balancer)
    flaky_cloud.refuse("SetVServerGroupAttribute", "ActionNotAllowed", 1)
    batches.start(actor=actor, batch=batch)
    assert batches.carry_out(batch.pk)
    first, *others = batch.items.select_related("operation")
    assert first.outcome == Outcome.FAILED
    assert "ActionNotAllowed" in first.message
    assert first.operation.status == Operation.Status.FAILED
    assert {item.outcome for item in others} == {Outcome.DONE}


def test_a_batch_begins_once_and_only_then_is_carried_out(actor, balancer, three):
    batch = drafted(actor, balancer)
    assert batches.start(actor=actor, batch=batch)
    assert not batches.start(actor=actor, batch=batch)
    assert not batches.discard(actor=actor, batch=batch), "what runs is stopped, not forgotten"


def test_stopping_leaves_what_is_not_begun(actor, balancer, three):
    batch = drafted(actor, balancer)
    batches.start(actor=actor, batch=batch)
    assert batches.stop(actor=actor, batch=batch)
    assert batches.carry_out(batch.pk)
    assert set(batch.items.values_list("outcome", flat=True)) == {Outcome.SKIPPED}
    assert weights(three[0])[web(1), 80] == 10
    assert not batches.stop(actor=actor, batch=batch)


def test_a_worker_that_is_told_to_end_leaves_the_rest_to_the_next(actor, balancer, three):
    batch = drafted(actor, balancer)
    batches.start(actor=actor, batch=batch)
    asked = iter([False, True])
    assert not batches.carry_out(batch.pk, should_stop=lambda: next(asked))
    assert batch.items.filter(outcome=Outcome.DONE).count() == 1
    assert batches.running() == [batch.pk]
    assert batches.carry_out(batch.pk)
    assert batches.running() == []


@pytest.mark.parametrize("had_begun", [False, True])
def test_what_a_dead_worker_was_at_work_on_is_not_done_twice(actor, balancer, three, had_begun):
    batch = drafted(actor, balancer)
    batches.start(actor=actor, batch=batch)
    item = batch.items.first()
    if had_begun:
        # It was done, and the worker died before it could write that down.
        change_group(
            actor=actor.__class__(actor.name, actor.role, actor.user_id, f"batch-{batch.pk}-0"),
            group=three[0],
            name="a",
            members=[BackendServer(web(1), 80, 0), BackendServer(web(2), 81, 0)],
            seen=fingerprint(three[0]),
        )
    BatchItem.objects.filter(pk=item.pk).update(outcome=Outcome.RUNNING)
    assert batches.carry_out(batch.pk)
    item.refresh_from_db()
    assert item.outcome == Outcome.DONE
    assert Operation.objects.filter(web_request_id=f"batch-{batch.pk}-0").count() == 1
    assert weights(three[0]) == {(web(1), 80): 0, (web(2), 81): 0}


def test_an_item_whose_lock_was_lost_is_found_out_about_and_not_called_failed(
    actor, balancer, three, monkeypatch
):
    batch = drafted(actor, balancer)
    batches.start(actor=actor, batch=batch)
    change = batches.VERBS["change group"]

    def lose(actor, item):
        """Its database session ended after it was done: who is the next may be at it already."""
        change(actor, item)
        raise LostHold("the lock went with its session")

    with monkeypatch.context() as patch:
        patch.setattr(batches, "VERBS", {**batches.VERBS, "change group": lose})
        with pytest.raises(LostHold):
            batches.carry_out(batch.pk)
    assert batch.items.first().outcome == Outcome.RUNNING
    assert batches.carry_out(batch.pk)
    assert set(batch.items.values_list("outcome", flat=True)) == {Outcome.DONE}
    assert Operation.objects.filter(web_request_id=f"batch-{batch.pk}-0").count() == 1


def test_another_worker_keeps_its_hands_off(actor, balancer, three, other_session):
    batch = drafted(actor, balancer)
    batches.start(actor=actor, batch=batch)
    with other_session.holding(f"batch {batch.pk}"):
        assert not batches.carry_out(batch.pk)
    assert batch.items.filter(outcome=Outcome.PLANNED).count() == 3


def test_the_role_of_now_counts(actor, operator, balancer, three):
    """Who has lost the right since the preview changes nothing any more."""
    batch = drafted(actor, balancer)
    batches.start(actor=actor, batch=batch)
    operator.role = "viewer"
    operator.save(update_fields=["role"])
    assert batches.carry_out(batch.pk)
    assert set(batch.items.values_list("outcome", flat=True)) == {Outcome.REFUSED}
    assert weights(three[0])[web(1), 80] == 10


def test_a_reader_drafts_and_begins_nothing(reader, balancer, three, actor):
    with pytest.raises(NotAllowed):
        drafted(reader.as_actor(), balancer)
    batch = drafted(actor, balancer)
    for verb in (batches.start, batches.stop, batches.discard):
        with pytest.raises(NotAllowed):
            verb(actor=reader.as_actor(), batch=batch)


def test_old_drafts_are_forgotten_and_nothing_else(actor, balancer, three):
    draft, begun = drafted(actor, balancer), drafted(actor, balancer)
    batches.start(actor=actor, batch=begun)
    Batch.objects.update(created_at=timezone.now() - 2 * batches.DRAFT_LIFE)
    fresh = drafted(actor, balancer)
    assert batches.forget_drafts() == 1
    assert set(Batch.objects.values_list("pk", flat=True)) == {begun.pk, fresh.pk}
    assert draft.pk not in Batch.objects.values_list("pk", flat=True)


def test_the_cloud_has_what_the_batch_says(actor, balancer, three):
    batch = drafted(actor, balancer, weight=0)
    batches.start(actor=actor, batch=batch)
    batches.carry_out(batch.pk)
    mirror(balancer.pk)
    assert {member.weight for group in three for member in held_members(group)} == {0}
