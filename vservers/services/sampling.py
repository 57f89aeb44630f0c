"""Real requests to a listener, to see who answers them.

They go to the address that the cloud itself says it serves the listener on, and only if that is an
address of this machine: nobody can have the console ask elsewhere, whatever they type.
"""

import http.client
import ssl
import time
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.models import Listener
from vservers.selectors.routing import Answer, host_name, routing_of, who_gets

from . import readings, sync
from .connection import connect
from .errors import Gone, Refusal

RESOURCE = "listener"
MAX_REQUESTS = 100
# For all of them together, and for each.
SAMPLE_SECONDS = 10.0
REQUEST_SECONDS = 3.0
# Of each answer no more is read than tells who gave it.
_READ_BYTES = 4096
# Who answered, as the demo's instances say it.
_SERVER_HEADER = "X-Instance-Id"
_SERVED_BY = "served by "
_USER_AGENT = "vserver-console sample"


class CannotSend(Refusal):
    """Nothing can be sent to the listener; the text says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What came back. sent: how many; servers: answers by (server_id, port), port 0 where the
    answer does not name it; others: answers by status, "" where none came. cut: the time was over
    before all were sent. answer: who was to get them, by the state that was read just before."""

    answer: Answer
    sent: int
    servers: Counter[tuple[str, int]]
    others: Counter[str]
    seconds: float
    cut: bool


def can_send(listener: Listener) -> bool:
    """Whether send_requests has an address to send to."""
    try:
        _served_on(listener)
    except CannotSend:
        return False
    return True


def send_requests(
    *, actor: Actor, listener: Listener, host: str, path: str, count: int = MAX_REQUESTS
) -> Sample:
    """Send GET requests, each on a connection of its own, and count who answers.

    host: of the Host header and of TLS. At most MAX_REQUESTS, within SAMPLE_SECONDS. What decides
    is read from the cloud first. Raises NotAllowed, CannotSend, Gone, CloudError.
    """
    check(actor, Action.SEND_REQUESTS)
    listener = _read(listener, host, path)
    address, port = _served_on(listener)
    answer = who_gets(routing_of(listener), host=host, path=path)
    servers: Counter[tuple[str, int]] = Counter()
    others: Counter[str] = Counter()
    count = min(count, MAX_REQUESTS)
    began = time.monotonic()
    sent = 0
    while sent < count and time.monotonic() - began < SAMPLE_SECONDS:
        server, other = _ask(listener, address, port, host, path)
        if server:
            servers[server] += 1
        else:
            others[other] += 1
        sent += 1
    seconds = time.monotonic() - began
    sample = Sample(answer, sent, servers, others, seconds, cut=sent < count)
    _enter(actor, listener, host, path, sample)
    return sample


def _read(listener: Listener, host: str, path: str) -> Listener:
    """The listener after all that decides was read: rules, health, and the servers of the taken."""
    balancer = listener.load_balancer
    cloud = connect(balancer)
    parts = [
        readings.listeners(balancer.pk),
        readings.health(balancer.pk),
        readings.attributes_and_pool(balancer.pk),
    ]
    sync.store(cloud, balancer.pk, readings.together(parts))
    rows = Listener.objects.select_related("load_balancer__account")
    found = rows.filter(
        load_balancer=balancer, protocol=listener.protocol, port=listener.port
    ).first()
    if found is None:
        raise Gone("listener")
    taken = who_gets(routing_of(found), host=host, path=path).taken
    if taken and taken.vserver_group_id:
        sync.store(cloud, balancer.pk, readings.one_group(balancer.pk, taken.vserver_group_id))
    return found


def _served_on(listener: Listener) -> tuple[str, int]:
    """The address and port to send to. Raises CannotSend."""
    if not listener.is_layer_7:
        raise CannotSend(_("Only HTTP and HTTPS listeners can be asked."))
    if not listener.served_at:
        raise CannotSend(_("The cloud names no address on which the listener is served here."))
    address, _colon, port = listener.served_at.rpartition(":")
    endpoint = urlsplit(listener.load_balancer.account.endpoint).hostname or ""
    if not (_is_loopback(address) and _is_loopback(endpoint) and port.isdigit()):
        raise CannotSend(_("The listener is not served on this machine."))
    return address, int(port)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class _Connection(http.client.HTTPConnection):
    """To a given address, with the name of the asked host in TLS. Certificates are not checked:
    what is asked is who answers, and the address is this machine's own."""

    def __init__(self, address: str, port: int, *, secure: bool, name: str) -> None:
        super().__init__(address, port, timeout=REQUEST_SECONDS)
        self._secure = secure
        self._name = name

    def connect(self) -> None:
        super().connect()
        if self._secure:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock, server_hostname=self._name or None)


def _ask(
    listener: Listener, address: str, port: int, host: str, path: str
) -> tuple[tuple[str, int] | None, str]:
    """Who answered one request, else the status that came instead, "" for no answer."""
    secure = listener.protocol == Listener.Protocol.HTTPS
    connection = _Connection(address, port, secure=secure, name=host_name(host))
    try:
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        connection.putheader("User-Agent", _USER_AGENT)
        connection.putheader("Connection", "close")
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read(_READ_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None, ""
    finally:
        connection.close()
    server_id = answer.getheader(_SERVER_HEADER) or ""
    if not server_id:
        return None, str(answer.status)
    return (server_id, _port_of(text)), ""


def _port_of(text: str) -> int:
    """The port of the server, from what it says about itself."""
    for line in text.splitlines()[:3]:
        if line.startswith(_SERVED_BY):
            port = line.rpartition(":")[2]
            return int(port) if port.isdigit() else 0
    return 0


def _enter(actor: Actor, listener: Listener, host: str, path: str, sample: Sample) -> None:
    balancer = listener.load_balancer
    record(
        actor=actor,
        verb=gettext_noop("send sample requests"),
        outcome=AuditEntry.Outcome.DONE,
        resource_type=RESOURCE,
        resource_id=f"{listener.protocol}:{listener.port}",
        resource_name=f"{host}{path}"[:120],
        region_id=balancer.region_id,
        load_balancer_id=balancer.pk,
        after={
            "sent": sample.sent,
            "servers": {f"{server}:{port}": n for (server, port), n in sample.servers.items()},
            "others": dict(sample.others),
        },
    )
