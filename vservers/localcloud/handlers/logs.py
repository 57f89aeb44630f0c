"""Where access logs and high-definition monitoring go. Kept and told; nothing is delivered here."""

from typing import Any

from vservers.localcloud.assets import AccessLog, Monitor
from vservers.localcloud.errors import ApiError
from vservers.localcloud.model import Balancer
from vservers.localcloud.registry import Answer, Call, Reading, Writing, reads, writes
from vservers.localcloud.store import View


@writes("slb", "SetAccessLogsDownloadAttribute")
def set_access_logs(call: Writing) -> Answer:
    """Log the requests of load balancers to a store each, all or none."""
    for row in call.params["LogsDownloadAttributes"]:
        balancer = _balancer_of(call, row)
        for name in ("LogProject", "LogStore"):
            if not row.get(name):
                raise ApiError(
                    "MissingParameter", f"The {name} of LogsDownloadAttributes is required."
                )
        call.state.put(
            AccessLog(
                balancer_id=balancer.id,
                region=balancer.region,
                log_type=row["LogType"],
                project=row["LogProject"],
                store=row["LogStore"],
            )
        )
    return {}


@writes("slb", "DeleteAccessLogsDownloadAttribute")
def delete_access_logs(call: Writing) -> Answer:
    """Log them no longer; what is not logged is ignored."""
    for row in call.params["LogsDownloadAttributes"]:
        balancer = _balancer_of(call, row)
        for log in list(call.state.children(AccessLog, balancer.region)):
            if log.balancer_id == balancer.id and log.log_type == row["LogType"]:
                call.state.delete(log)
    return {}


@reads("slb", "DescribeAccessLogsDownloadAttribute")
def describe_access_logs(call: Reading) -> Answer:
    """A page of the region's access logs."""
    params = call.params
    found = [
        log
        for log in call.state.children(AccessLog, call.region)
        if log.balancer_id == params.get("LoadBalancerId", log.balancer_id)
        and log.log_type == params["LogType"]
        and call.state.get(Balancer, log.balancer_id) is not None
    ]
    number, size = params["PageNumber"], params["PageSize"]
    return {
        "LogsDownloadAttributes": {
            "LogsDownloadAttribute": [
                {
                    "LoadBalancerId": log.balancer_id,
                    "LogProject": log.project,
                    "LogStore": log.store,
                    "LogType": log.log_type,
                    "Region": log.region,
                }
                for log in found[(number - 1) * size : number * size]
            ]
        },
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": len(found),
    }


@writes("slb", "EnableHighDefinationMonitor")
def enable_monitor(call: Writing) -> Answer:
    """Switch it on for the region."""
    if call.state.get(Monitor, call.region):
        raise ApiError("OperationNotAllowed.HighDefinitionMonitorEnabled")
    return _put_monitor(call)


@writes("slb", "ModifyHighDefinationMonitor")
def modify_monitor(call: Writing) -> Answer:
    """Send it elsewhere."""
    if not call.state.get(Monitor, call.region):
        raise ApiError("OperationNotAllowed.HighDefinitionMonitorNotEnabled")
    return _put_monitor(call)


@reads("slb", "DescribeHighDefinationMonitor")
def describe_monitor(call: Reading) -> Answer:
    """Where it goes; empty words while it is off."""
    found = call.state.get(Monitor, call.region) or Monitor(call.region, "", "")
    return {"LogProject": found.project, "LogStore": found.store, "Success": "true"}


def _put_monitor(call: Writing) -> Answer:
    call.state.put(Monitor(call.region, call.params["LogProject"], call.params["LogStore"]))
    return {"Success": "true"}


def _balancer_of[V: View](call: Call[V], row: dict[str, Any]) -> Balancer:
    balancer = call.state.get(Balancer, row["LoadBalancerId"])
    if balancer is None or not call.in_region(balancer.region):
        raise ApiError("InvalidLoadBalancerId.NotFound")
    return balancer
