"""What tests of procedures do, and what the cloud then has."""

from collections import Counter

from tests.cloud import REGION, connect, mirror
from vservers.services import procedures


def make_group(outsider, balancer, *rows, name="blue"):
    made = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName=name,
        BackendServers=[{"ServerId": s, "Port": port, "Weight": w} for s, port, w in rows],
    )["VServerGroupId"]
    mirror(balancer.pk)
    return balancer.vserver_groups.get(pk=made)


def listen(outsider, balancer, group_id):
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        HealthCheck="off",
        VServerGroupId=group_id,
    )
    mirror(balancer.pk)


def in_cloud(group):
    """{(server, port): weight} of a group, as the cloud has it."""
    found = connect().slb.describe_vserver_group_attribute(group.pk)
    return {(one.server_id, one.port): one.weight for one in found.servers}


def pool_in_cloud(balancer):
    found = connect().slb.describe_load_balancer_attribute(balancer.pk)
    return {one.server_id: one.weight for one in found.pool}


def set_weight(outsider, group, server, port, weight):
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": server, "Port": port, "Weight": weight}],
    )


def carry(procedure):
    """Look at it as a worker does, as long as something is due."""
    for _ in range(30):
        procedures.advance(procedure.pk)
        procedure.refresh_from_db()
        if procedure.pk not in procedures.due():
            return procedure
    raise AssertionError(f"never at rest: {procedure.status} {procedure.phase} {procedure.note}")


def ask(actor, procedure, wish):
    procedures.ask(actor=actor, procedure=procedure, wish=wish)
    return carry(procedure)


def states(procedure):
    return Counter(procedure.members.values_list("state", flat=True))
