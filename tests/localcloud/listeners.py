"""Listeners of any protocol, made, changed and read: the action's name has the protocol."""

from typing import Any

from tests.localcloud.client import Client


def create(client: Client, balancer: str, protocol: str, **params: Any) -> dict[str, Any]:
    """A listener on port 90 with no more than it must have, but for params; None leaves one out."""
    given = {"ListenerPort": 90, "Bandwidth": -1, "BackendServerPort": 8080} | params
    given = {name: value for name, value in given.items() if value is not None}
    action = f"CreateLoadBalancer{protocol}Listener"
    return client.call(action, LoadBalancerId=balancer, **given)


def change(
    client: Client, balancer: str, protocol: str, port: int = 90, **params: Any
) -> dict[str, Any]:
    """Set attributes."""
    action = f"SetLoadBalancer{protocol}ListenerAttribute"
    return client.call(action, LoadBalancerId=balancer, ListenerPort=port, **params)


def read(client: Client, balancer: str, protocol: str, port: int = 90) -> dict[str, Any]:
    """Its attributes."""
    action = f"DescribeLoadBalancer{protocol}ListenerAttribute"
    return client.call(action, LoadBalancerId=balancer, ListenerPort=port)
