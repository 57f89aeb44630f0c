"""What may be done with a load balancer as it stands, and why the rest may not.

Pages offer by these rules, and services keep them. Sources: only a stopped instance starts and only
a running one stops; a locked one takes no change; one with deletion protection, or paid ahead, is
not released; modification protection keeps consoles from changing it.
"""

from console.shell.said import gettext as _
from vservers.models import LoadBalancer

Status = LoadBalancer.Status


def why_not_start(load_balancer: LoadBalancer) -> str:
    """Why it cannot be started, in words; "" when it can."""
    if load_balancer.status == Status.ACTIVE:
        return _("It is running already.")
    return why_not_change(load_balancer)


def why_not_stop(load_balancer: LoadBalancer) -> str:
    """Why it cannot be stopped, in words; "" when it can."""
    if load_balancer.status == Status.INACTIVE:
        return _("It is stopped already.")
    return why_not_change(load_balancer)


def why_not_change(load_balancer: LoadBalancer) -> str:
    """Why its name, specification or bandwidth cannot be changed; "" when they can."""
    if locked := why_not_touch(load_balancer):
        return locked
    if load_balancer.is_protected_from_changes:
        if reason := load_balancer.modification_protection_reason:
            return _("Modification protection is on: “%(reason)s”. Switch it off first.") % {
                "reason": reason
            }
        return _("Modification protection is on. Switch it off first.")
    return ""


def why_not_change_spec(load_balancer: LoadBalancer) -> str:
    """Why its specification cannot be changed; "" when it can."""
    if load_balancer.charge_type == "PayByCLCU":
        return _("It is paid by what it uses, and has no specification.")
    return why_not_change(load_balancer)


def why_not_change_bandwidth(load_balancer: LoadBalancer) -> str:
    """Why what is paid for traffic cannot be changed; "" when it can."""
    if load_balancer.address_type != LoadBalancer.AddressType.INTERNET:
        return _("An intranet instance has no bandwidth of its own.")
    return why_not_change(load_balancer)


def why_not_touch(load_balancer: LoadBalancer) -> str:
    """Why not even its protection can be changed; "" when it can."""
    if load_balancer.status == Status.LOCKED:
        return _("It is locked: the cloud takes no change of it.")
    return ""


def why_not_release(load_balancer: LoadBalancer) -> str:
    """Why it cannot be released, in words; "" when it can."""
    if load_balancer.pay_type == LoadBalancer.PayType.PREPAID:
        return _("It is a subscription, which ends by itself.")
    if load_balancer.is_protected_from_deletion:
        return _("Deletion protection is on. Switch it off first.")
    return why_not_change(load_balancer)
