"""What the form of a listener offers to choose from, of one load balancer and its region."""

from vservers.models import Listener, LoadBalancer

# (value, words)
Choices = list[tuple[str, str]]


def server_certificates(load_balancer: LoadBalancer) -> Choices:
    return _used_in_region(load_balancer, "server_certificate_id")


def ca_certificates(load_balancer: LoadBalancer) -> Choices:
    return _used_in_region(load_balancer, "ca_certificate_id")


def access_lists(load_balancer: LoadBalancer) -> Choices:
    return _used_in_region(load_balancer, "acl_id")


def empty_access_lists(load_balancer: LoadBalancer) -> set[str]:
    """Of the access lists, those without an entry."""
    return set()


def pairs(load_balancer: LoadBalancer) -> Choices:
    """Its primary/secondary groups."""
    rows = load_balancer.listeners.exclude(master_slave_server_group_id="")
    ids = rows.values_list("master_slave_server_group_id", flat=True).order_by().distinct()
    return [(group_id, group_id) for group_id in ids]


def https_listeners(load_balancer: LoadBalancer) -> list[Listener]:
    """Those that an HTTP listener can send its clients to."""
    return list(load_balancer.listeners.filter(protocol=Listener.Protocol.HTTPS))


def _used_in_region(load_balancer: LoadBalancer, setting: str) -> Choices:
    """The IDs that listeners of the region name."""
    rows = Listener.objects.filter(
        load_balancer__region=load_balancer.region_id,
        load_balancer__account=load_balancer.account_id,
        settings__has_key=setting,
    )
    ids = {row.settings[setting] for row in rows} - {"", None}
    return [(one, one) for one in sorted(ids)]
