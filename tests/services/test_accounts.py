"""Accounts: who may change them, what is recorded, and that the secret stays a secret."""

import logging
import sys

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from console.accounts.permissions import NotAllowed
from console.audit.models import AuditEntry
from console.shell import sealing
from tests.cloud import REGION, the_account
from tests.localcloud.client import Client as Outsider
from tests.localcloud.process import LocalCloud
from vservers.cloud import CloudRefused, CloudUnreachable
from vservers.cloud.calls import Call
from vservers.models import CloudAccount, LoadBalancer, Operation, OperationCall
from vservers.services import accounts, call_secrets, schedule
from vservers.services.changes import SECRET as CALL_SECRET
from vservers.services.connection import connect

SECRET = "Sh0rt & <sweet> 'secret'"


@pytest.fixture
def actor(administrator):
    return administrator.as_actor()


@pytest.fixture
def account(actor):
    return accounts.add_account(
        actor=actor,
        name="Second",
        endpoint="https://{product}.{region}.example",
        access_key_id="LTAIexample",
        secret=SECRET,
    )


def change(actor, account, **changes):
    values = {
        "name": account.name,
        "endpoint": account.endpoint,
        "access_key_id": account.access_key_id,
        "enabled": account.enabled,
        **changes,
    }
    return accounts.change_account(actor=actor, account=account, **values)


def test_the_secret_is_encrypted_at_rest_and_nowhere_else(account):
    account.refresh_from_db()
    assert SECRET not in account.sealed_secret
    assert sealing.unseal(account.sealed_secret) == SECRET
    entry = AuditEntry.objects.get(verb="add account")
    for text in (repr(account), str(account), str(entry.after), str(vars(entry))):
        assert SECRET not in text
        assert account.sealed_secret not in text
    assert SECRET not in repr(vars(connect(account, REGION)))


def test_only_an_administrator_manages_accounts(operator, account):
    actor = operator.as_actor()
    with pytest.raises(NotAllowed):
        change(actor, account, name="Mine")
    with pytest.raises(NotAllowed):
        accounts.delete_account(actor=actor, account=account)
    with pytest.raises(NotAllowed):
        accounts.try_connection(
            actor=actor, endpoint="http://127.0.0.1:9", access_key_id="x", secret="y", account=None
        )


def test_a_change_is_recorded_and_a_new_secret_only_as_a_fact(actor, account):
    assert change(actor, account, name="Renamed", secret="another secret")
    entry = AuditEntry.objects.get(verb="change account")
    assert (entry.before["name"], entry.after["name"]) == ("Second", "Renamed")
    assert entry.reason == "A new secret was set."
    assert "another secret" not in str(vars(entry))
    account.refresh_from_db()
    assert sealing.unseal(account.sealed_secret) == "another secret"
    assert not change(actor, account), "nothing differs"


def test_without_a_new_secret_the_old_one_stays(actor, account):
    change(actor, account, enabled=False)
    account.refresh_from_db()
    assert sealing.unseal(account.sealed_secret) == SECRET
    with pytest.raises(CloudUnreachable, match="disabled"):
        connect(account, REGION)


def test_deleting_an_account_takes_its_mirror_along_and_leaves_the_others(cloud, actor, account):
    mine = LoadBalancer.objects.create(load_balancer_id="lb-a", account=account, region_id=REGION)
    other = LoadBalancer.objects.create(
        load_balancer_id="lb-b", account=the_account(), region_id=REGION
    )
    accounts.delete_account(actor=actor, account=account)
    assert not LoadBalancer.everything.filter(pk=mine.pk).exists()
    assert LoadBalancer.objects.filter(pk=other.pk).exists()
    assert AuditEntry.objects.get(verb="delete account").before["name"] == "Second"


def test_the_account_of_the_environment_is_the_environments(cloud, actor):
    account = the_account()
    with pytest.raises(accounts.OfTheEnvironment):
        change(actor, account, endpoint="http://elsewhere.example")
    with pytest.raises(accounts.OfTheEnvironment):
        change(actor, account, secret="mine")
    with pytest.raises(accounts.OfTheEnvironment):
        accounts.delete_account(actor=actor, account=account)
    assert change(actor, account, name="Production")


def test_the_environment_brings_its_account_up_to_date(cloud, settings):
    before = the_account()
    settings.CLOUD_ACCESS_KEY_SECRET = "a new secret"
    accounts.from_environment()
    account = the_account()
    assert account.pk == before.pk
    assert sealing.unseal(account.sealed_secret) == "a new secret"


def test_the_connection_is_tried_with_one_signed_call(cloud, actor, outsider):
    given = {"endpoint": cloud.endpoint, "access_key_id": cloud.access_key_id, "account": None}
    assert accounts.try_connection(actor=actor, secret=cloud.access_key_secret, **given) >= 3
    with pytest.raises(CloudRefused) as caught:
        accounts.try_connection(actor=actor, secret="wrong-secret", **given)
    assert caught.value.code == "SignatureDoesNotMatch"
    assert caught.value.request_id
    given["account"] = the_account()
    assert accounts.try_connection(actor=actor, secret="", **given) >= 3, "the one that it has"


def test_each_account_has_its_own_objects(tmp_path_factory, cloud, actor):
    more = {"LOCALCLOUD_MORE_ACCESS_KEYS": "otherKeyId:otherSecret:2000000000000002"}
    with LocalCloud(tmp_path_factory.mktemp("two-accounts"), env=more) as both:
        account = accounts.add_account(
            actor=actor,
            name="Second",
            endpoint=both.endpoint,
            access_key_id="otherKeyId",
            secret="otherSecret",
        )
        made = Outsider(both, "otherKeyId", "otherSecret").call(
            "CreateLoadBalancer", RegionId=REGION
        )["LoadBalancerId"]
        runs = list(schedule.sync_now(account, region_id=REGION))
    assert [run.status for run in runs] == ["done"]
    assert [one.pk for one in account.load_balancers.all()] == [made]
    assert not the_account().load_balancers.filter(pk=made).exists()


def test_keys_are_exchanged_with_two_slots(account, settings):
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, old]
    assert sealing.unseal(account.sealed_secret) == SECRET
    call_command("reseal_secrets")
    settings.ENCRYPTION_KEYS = [new]
    account.refresh_from_db()
    assert sealing.unseal(account.sealed_secret) == SECRET


def test_what_a_call_has_yet_to_send_is_sealed_with_the_new_key_too(account, settings):
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    operation = Operation.objects.create(verb="upload certificate", region_id=REGION)
    planned = Call("UploadServerCertificate", {"PrivateKey": CALL_SECRET})
    call = OperationCall.objects.create(
        operation=operation,
        position=0,
        action=planned.action,
        params=dict(planned.params),
        changes=[],
        sealed=call_secrets.sealed(planned, {"PrivateKey": SECRET}),
    )
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("reseal_secrets")
    settings.ENCRYPTION_KEYS = [new]
    call.refresh_from_db()
    assert call_secrets.unsealed(call) == {"PrivateKey": SECRET}


def test_a_secret_that_no_key_opens_is_said_and_ends_no_page(account, settings):
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CloudUnreachable, match="CONSOLE_ENCRYPTION_KEY") as caught:
        connect(account, REGION)
    assert caught.value.code == "SecretUnreadable"
    with pytest.raises(CommandError, match="Second"):
        call_command("reseal_secrets")
    assert CloudAccount.objects.get(pk=account.pk).sealed_secret == account.sealed_secret


def test_the_secret_is_in_no_log_line(account, caplog):
    connect(account, REGION)
    handler = logging.getLogger().handlers
    formatter = next(h.formatter for h in handler if h.formatter and "Redact" in repr(h.formatter))
    try:
        raise ValueError(f"it was {SECRET}")
    except ValueError:
        record = logging.LogRecord("x", 40, "f", 1, "saw %s", (SECRET,), None)
        record.exc_info = sys.exc_info()
        record.request_id = "-"
    line = formatter.format(record)
    assert SECRET not in line
    assert line.count("********") == 2
