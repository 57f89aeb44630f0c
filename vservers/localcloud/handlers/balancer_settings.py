"""Changing a load balancer: name, status, protection, specification, and how it is paid.

Nothing is billed here; what is paid how is kept and told, and binds what may be done.
"""

from dataclasses import replace

from vservers.localcloud.errors import ApiError
from vservers.localcloud.handlers.attachments import check_bandwidth
from vservers.localcloud.handlers.lookup import the_balancer
from vservers.localcloud.model import Balancer
from vservers.localcloud.registry import Answer, Writing, writes

LCU_SPEC = "slb.lcu.elastic"
PREPAID = "PrePay"
# No order is ever placed.
_NO_ORDER = {"OrderId": 0}
_DAY = 86_400_000
_CYCLE_DAYS = {"month": 30, "year": 365}


@writes("slb", "SetLoadBalancerName")
def set_name(call: Writing) -> Answer:
    """Rename it."""
    call.state.put(replace(the_balancer(call), name=call.params["LoadBalancerName"]))
    return {}


@writes("slb", "SetLoadBalancerStatus")
def set_status(call: Writing) -> Answer:
    """Let its listeners forward (active) or not (inactive)."""
    balancer = the_balancer(call)
    call.state.put(replace(balancer, status=call.params["LoadBalancerStatus"], idle=False))
    return {}


@writes("slb", "SetLoadBalancerDeleteProtection")
def set_delete_protection(call: Writing) -> Answer:
    """Switch it. Raises OperationUnsupported.DeleteProtectionForPrePayInstance."""
    balancer = the_balancer(call)
    if balancer.pay_type == PREPAID:
        raise ApiError("OperationUnsupported.DeleteProtectionForPrePayInstance")
    call.state.put(replace(balancer, delete_protection=call.params["DeleteProtection"]))
    return {}


@writes("slb", "SetLoadBalancerModificationProtection")
def set_modification_protection(call: Writing) -> Answer:
    """Protect it from changes in the vendor's console; the API goes on."""
    balancer = the_balancer(call)
    status = call.params["ModificationProtectionStatus"]
    reason = call.params.get("ModificationProtectionReason", "")
    call.state.put(
        replace(
            balancer,
            modification_protection=status,
            modification_protection_reason=reason if status == "ConsoleProtection" else "",
        )
    )
    return {}


@writes("slb", "ModifyLoadBalancerInstanceSpec")
def modify_spec(call: Writing) -> Answer:
    """Another specification. Raises OperationDenied.PayByCLCU where there is none to choose."""
    balancer = the_balancer(call)
    if balancer.charge_type == "PayByCLCU":
        raise ApiError("OperationDenied.PayByCLCU")
    call.state.put(replace(balancer, spec=call.params["LoadBalancerSpec"]))
    return dict(_NO_ORDER)


@writes("slb", "ModifyLoadBalancerInternetSpec")
def modify_internet_spec(call: Writing) -> Answer:
    """Bandwidth, and whether it or the traffic is paid for.

    Raises Operation.NotAllowed for an intranet instance, InvalidParameter for a bandwidth that is
    missing, or less than the listeners have.
    """
    balancer = the_balancer(call)
    if balancer.address_type != "internet":
        raise ApiError("Operation.NotAllowed", "The load balancer has no Internet address.")
    kind = call.params.get("InternetChargeType", balancer.internet_charge_type)
    changed = replace(
        balancer,
        internet_charge_type=kind,
        bandwidth=call.params.get("Bandwidth", balancer.bandwidth),
    )
    if kind == "paybybandwidth" and changed.bandwidth < 1:
        raise ApiError("InvalidParameter", "The specified Bandwidth is required.")
    check_bandwidth(call.state, changed)
    call.state.put(changed)
    return dict(_NO_ORDER)


@writes("slb", "ModifyLoadBalancerInstanceChargeType")
def modify_charge_type(call: Writing) -> Answer:
    """Pay by specification or by LCU from now on.

    Raises IllegalParam.InstanceChargeType and .InternetChargeType, OperationDenied.PayBySpec and
    .PayByCLCU (so already), MissingParam.LoadBalancerSpec.
    """
    balancer = the_balancer(call)
    params = call.params
    kind = params["InstanceChargeType"]
    if kind not in ("PayBySpec", "PayByCLCU"):
        raise ApiError("IllegalParam.InstanceChargeType")
    internet = params.get("InternetChargeType", balancer.internet_charge_type)
    if internet not in ("paybytraffic", "paybybandwidth"):
        raise ApiError("IllegalParam.InternetChargeType")
    if kind == balancer.charge_type:
        raise ApiError(f"OperationDenied.{kind}")
    if kind == "PayBySpec" and "LoadBalancerSpec" not in params:
        raise ApiError("MissingParam.LoadBalancerSpec")
    changed = replace(
        balancer,
        charge_type=kind,
        spec=LCU_SPEC if kind == "PayByCLCU" else params["LoadBalancerSpec"],
        internet_charge_type=internet,
        bandwidth=params.get("Bandwidth", balancer.bandwidth),
    )
    check_bandwidth(call.state, changed)
    call.state.put(changed)
    return {}


@writes("slb", "ModifyLoadBalancerPayType")
def modify_pay_type(call: Writing) -> Answer:
    """Pay for a time ahead, or for what is used. Raises MissingParameter, Operation.NotAllowed."""
    balancer = the_balancer(call)
    kind = call.params["PayType"]
    if balancer.charge_type == "PayByCLCU":
        raise ApiError("OperationDenied.PayByCLCU")
    if kind == PREPAID and "PricingCycle" not in call.params:
        raise ApiError("MissingParameter", "The PricingCycle is required for a subscription.")
    if kind == PREPAID and balancer.delete_protection == "on":
        raise ApiError("Operation.NotAllowed", "Delete protection is on for this instance.")
    call.state.put(replace(balancer, pay_type=kind, paid_until=paid_until(call)))
    return dict(_NO_ORDER)


def paid_until(call: Writing) -> int:
    """When a time that is paid ahead from now on ends; 0 for what is not."""
    if call.params["PayType"] != PREPAID:
        return 0
    days = _CYCLE_DAYS[call.params.get("PricingCycle", "month")] * call.params.get("Duration", 1)
    return int(call.now + days * _DAY)


def refuse_prepaid(balancer: Balancer, now: int) -> None:
    """Raises InvalidChargeType while a time that was paid ahead lasts."""
    if balancer.paid_until > now:
        raise ApiError("InvalidChargeType")
