"""From an address to the objects that it names; 404 where the mirror has none."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from console.shell.context import shell_of
from console.shell.request import ConsoleRequest
from vservers.models import Listener, LoadBalancer, Region, Rule, VServerGroup
from vservers.selectors.groups import find_group


def region_or_404(request: ConsoleRequest, region: str) -> Region:
    """The region, from what the frame of the page asks for anyway."""
    for option in shell_of(request).regions:
        if option.region_id == region and isinstance(option.row, Region):
            return option.row
    raise Http404


def balancer_or_404(region: str, balancer_id: str) -> LoadBalancer:
    """The load balancer, in that region: the region of an address is never only decoration."""
    rows = LoadBalancer.objects.select_related("region")
    return get_object_or_404(rows, pk=balancer_id, region=region)


def listener_or_404(load_balancer: LoadBalancer, protocol: str, port: int) -> Listener:
    rows = Listener.objects.select_related("vserver_group", "load_balancer")
    return get_object_or_404(rows, load_balancer=load_balancer, protocol=protocol, port=port)


def rule_or_404(listener: Listener, rule_id: str) -> Rule:
    rows = Rule.objects.select_related("vserver_group", "listener__load_balancer")
    return get_object_or_404(rows, listener=listener, pk=rule_id)


def group_or_404(load_balancer: LoadBalancer, group_id: str) -> VServerGroup:
    try:
        return find_group(load_balancer=load_balancer, vserver_group_id=group_id)
    except VServerGroup.DoesNotExist:
        raise Http404 from None
