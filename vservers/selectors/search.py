"""What the search box finds in the mirror, of all regions and accounts, best first.

Every word of the text must be found somewhere in the row. A row that is called so comes first, then
those whose name or ID begins so.
"""

from django.db.models import (
    Case,
    Exists,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Lower

from vservers.models import (
    AccessControlEntry,
    AccessControlList,
    Batch,
    BatchItem,
    CACertificate,
    DomainExtension,
    Drift,
    Listener,
    LoadBalancer,
    MasterSlaveGroup,
    Member,
    Operation,
    OperationCall,
    Procedure,
    Rule,
    Server,
    ServerCertificate,
    VServerGroup,
)

from . import drift, procedures

# A BIGINT's digits.
_LONGEST_NUMBER = 18


def balancers_with(text: str) -> QuerySet[LoadBalancer]:
    """By name, ID, address or tag."""
    rows = LoadBalancer.objects.filter(holding(text)).select_related("account")
    return _best_first(rows, text, "name", "load_balancer_id", "address")


def groups_with(text: str) -> QuerySet[VServerGroup]:
    """By name, ID or tag."""
    rows = VServerGroup.objects.filter(holding(text), load_balancer__vanished_at=None)
    rows = rows.select_related("load_balancer")
    return _best_first(rows, text, "name", "vserver_group_id")


def listeners_with(text: str) -> QuerySet[Listener]:
    """By protocol and port, as in https:443, or by name; a number is a port."""
    rows = Listener.objects.filter(load_balancer__vanished_at=None)
    number = text if text.isdecimal() and len(text) <= 5 else ""
    found = Q(port=int(number)) | Q(description__icontains=text) if number else holding(text)
    rows = rows.filter(found).select_related("load_balancer")
    return rows.order_by("load_balancer__name", "load_balancer_id", "port", "protocol")


def rules_with(text: str) -> QuerySet[Rule]:
    """By domain and URL, which may stand together as in an address, by name or ID."""
    bare = text.removeprefix("https://").removeprefix("http://")
    rows = Rule.objects.filter(holding(bare), listener__load_balancer__vanished_at=None)
    rows = rows.select_related("listener__load_balancer")
    return _best_first(rows, bare, "domain", "rule_id", "name")


def servers_with(text: str) -> QuerySet[Server]:
    """By name, ID, address or tag."""
    rows = Server.objects.filter(holding(text))
    return _best_first(rows, text, "name", "server_id", "private_ip", "public_ip")


def unlisted_members_with(text: str) -> QuerySet[Member]:
    """Servers of groups that no list of servers has: ENIs, and instances that are gone.

    By the beginning of their ID or address, for there may be 200,000 rows.
    """
    listed = Server.objects.filter(pk=OuterRef("server_id"))
    named = Q(server__server_id__startswith=text) | (
        Q(server_ip__startswith=text) & ~Q(server_ip="")
    )
    rows = Member.objects.filter(named, ~Exists(listed), group__vanished_at=None)
    rows = rows.filter(group__load_balancer__vanished_at=None)
    rows = rows.select_related("group__load_balancer")
    return rows.order_by("server_id", "server_ip", "port", "group_id")


def pairs_with(text: str) -> QuerySet[MasterSlaveGroup]:
    """Primary/secondary groups, by name, ID or tag."""
    rows = MasterSlaveGroup.objects.filter(load_balancer__vanished_at=None)
    rows = rows.filter(_anywhere(text, "name", "group_id", "tags"))
    return _best_first(rows.select_related("load_balancer"), text, "name", "group_id")


def extensions_with(text: str) -> QuerySet[DomainExtension]:
    """Further domains of HTTPS listeners, by domain, ID or certificate."""
    rows = DomainExtension.objects.filter(listener__load_balancer__vanished_at=None)
    rows = rows.filter(
        _anywhere(text, "domain", "domain_extension_id", "server_certificate_id")
    ).select_related("listener__load_balancer")
    return _best_first(rows, text, "domain", "domain_extension_id")


def certificates_with(text: str) -> QuerySet[ServerCertificate]:
    """By name, ID, fingerprint, tag, or a domain that it is valid for."""
    fields = ("name", "certificate_id", "common_name", "alternative_names", "fingerprint", "tags")
    rows = ServerCertificate.objects.filter(_anywhere(text, *fields))
    return _best_first(rows, text, "name", "certificate_id", "common_name")


def access_lists_with(text: str) -> QuerySet[AccessControlList]:
    """By name, ID, tag, or a network that is in it."""
    entries = AccessControlEntry.objects.filter(network__startswith=text)
    rows = AccessControlList.objects.filter(
        _anywhere(text, "name", "acl_id", "tags") | Q(pk__in=entries.values("acl"))
    )
    return _best_first(rows, text, "name", "acl_id")


def ca_certificates_with(text: str) -> QuerySet[CACertificate]:
    """By name, ID, fingerprint or tag."""
    fields = ("name", "certificate_id", "common_name", "fingerprint", "tags")
    rows = CACertificate.objects.filter(_anywhere(text, *fields))
    return _best_first(rows, text, "name", "certificate_id", "common_name")


def procedures_with(text: str) -> QuerySet[Procedure]:
    """By number (#12), name or reason, server or group. Newest first."""
    if (number := _number(text)) is not None:
        return Procedure.objects.filter(pk=number)
    return Procedure.objects.filter(procedures.about(text)).order_by("-pk")


def batches_with(text: str) -> QuerySet[Batch]:
    """By number (#12), or by the whole name or ID of something that they change. Newest first."""
    if (number := _number(text)) is not None:
        return Batch.objects.filter(pk=number)
    items = BatchItem.objects.filter(
        Q(object_id=text) | Q(load_balancer_id=text) | Q(object_name__iexact=text)
    )
    return Batch.objects.filter(pk__in=items.values("batch")).order_by("-pk")


def drift_with(text: str) -> QuerySet[Drift]:
    """What is open, by the name or ID of what differs, the newest first."""
    return Drift.objects.filter(drift.about(text), status=Drift.Status.OPEN)


def _number(text: str) -> int | None:
    """Of #12."""
    number = text.removeprefix("#")
    return int(number) if number != text and number.isdecimal() and len(number) < 10 else None


def operations_with(text: str) -> QuerySet[Operation]:
    """By number (#12), a RequestId of the cloud or of the console, or the ID of what they changed.

    Newest first.
    """
    number = text.removeprefix("#")
    if number.isdecimal():
        return Operation.objects.filter(pk=int(number[:_LONGEST_NUMBER]))
    if " " in text:
        return Operation.objects.none()
    calls = OperationCall.objects.filter(request_id=text)
    return Operation.objects.filter(
        Q(resource_id=text)
        | Q(load_balancer_id=text)
        | Q(web_request_id=text)
        | Q(pk__in=calls.values("operation"))
    )


def holding(text: str) -> Q:
    """Rows with a `search_text` in which every word is found."""
    found = Q()
    for word in text.split():
        # A tag as people write it: JSON has its key and value in quotes.
        key, sign, value = word.partition("=")
        pattern = f'"{key}": "{value}' if sign and key else word
        found &= Q(search_text__contains=Lower(Value(pattern)))
    return found


def _anywhere(text: str, *fields: str) -> Q:
    """As `holding`, of tables that a region has a few hundred rows of at most."""
    found = Q()
    for word in text.split():
        one = Q()
        for field in fields:
            one |= Q(**{f"{field}__icontains": word})
        found &= one
    return found


def _best_first[M: Model](rows: QuerySet[M], text: str, *fields: str) -> QuerySet[M]:
    same, begins = Q(), Q()
    for field in fields:
        same |= Q(**{f"{field}__iexact": text})
        begins |= Q(**{f"{field}__istartswith": text})
    rank = Case(
        When(same, then=Value(0)),
        When(begins, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return rows.order_by(rank, fields[0], "pk")
