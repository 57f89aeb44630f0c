"""Errors as the cloud words them: code, HTTP status, message.

The catalogue maps a code to its status and usual message, so that a handler names the code only.
"""

_CATALOGUE: dict[str, tuple[int, str]] = {
    # The gateway's own, before any action is reached.
    "MissingParameter": (400, "An input parameter that is mandatory is not supplied."),
    "InvalidParameter": (400, "The specified parameter is not valid."),
    "InvalidParameter.Format": (400, 'Specified parameter "Format" is not valid.'),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAccessKeyId.Inactive": (400, "Specified access key is disabled."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "IncompleteSignature": (400, "The request signature does not conform to the standards."),
    "InvalidSignatureMethod": (400, "Specified signature method is not supported."),
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "MissingSecurityToken": (400, "SecurityToken is mandatory for this action."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.MismatchWithAccessKey": (
        400,
        "Specified SecurityToken mismatch with the AccessKey.",
    ),
    "InvalidSecurityToken.Expired": (400, "Specified SecurityToken is expired."),
    "InvalidAction.NotFound": (
        404,
        "Specified api is not found, please check your url and method.",
    ),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "UnsupportedHTTPMethod": (403, "This http method is not supported."),
    "UnsupportedOperation": (400, "The specified action is not supported."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "InternalError": (500, "The request processing has failed due to some unknown error."),
    "InvalidRegionId.NotFound": (404, "The specified RegionId does not exist."),
    "OverQuota": (400, "The quota of this resource is exceeded."),
    # Load balancers.
    "InvalidLoadBalancerId.NotFound": (404, "The specified LoadBalancerId does not exist."),
    "InvalidVSwitchId.NotFound": (400, "The specified VSwitchId does not exist."),
    "InvalidVpcId.NotExist": (400, "The specified VpcId does not exist."),
    "MissingParam.VSwitchId": (400, "The parameter VSwitchId is required."),
    "InvalidParameter.Mismatch": (400, "The specified parameters do not go together."),
    "IdempotentParameterMismatch": (
        400,
        "The ClientToken was used before with other request parameters.",
    ),
    "OperationDenied.DeleteProtectionIsOn": (400, "Delete protection is on for this instance."),
    # Backend servers.
    "BackendServersMalformed": (400, "The specified BackendServers is malformed."),
    "InvalidWeight.Malformed": (400, "The specified Weight should be in [0, 100]."),
    "TooManyBackendServers": (
        400,
        "The total number of input real servers exceeds max supported number: 20.",
    ),
    "BackendServer.InvalidType": (400, "The specified backend server type is not supported."),
    "ObtainIpFail": (400, "Obtain ip failed: a backend server does not exist or is not running."),
    "NetworkConflict": (
        400,
        "The specified load balancer does not support the network type of the ECS instance.",
    ),
    "InvalidBackendServers.Inconsistent": (
        400,
        "The backend servers of a load balancer must all be of the classic network or of one VPC.",
    ),
    "InstanceBackendServerNumberOverLimit": (
        400,
        "The number of backend servers of the load balancer exceeds the limit.",
    ),
    # VServer groups.
    "RspoolVipExist": (400, "there are vips associating with this vServer group."),
    "RspoolRuleExist": (400, "there are rules associating with this vServer group."),
    # Listeners.
    "ListenerNotFound": (404, "The specified listener does not exist."),
    "ResourceNotFound.Listener": (404, "The specified listener does not exist."),
    "ListenerAlreadyExists": (400, "There is already a listener on the specified port."),
    "InvalidParameter.ListenerPortConflict": (
        400,
        "The specified listener port conflicts with a listener of another protocol.",
    ),
    "ListenerNumberOverLimit": (400, "The number of listeners exceeds the limit."),
    "TooManyListeners": (
        400,
        "More than one listener is found on the port. Please specify ListenerProtocol.",
    ),
    "InvalidParameter.VServerGroupId": (
        400,
        "The specified VServerGroupId does not belong to the load balancer of the listener.",
    ),
    "MissingParam.VServerGroupId": (400, "The parameter VServerGroupId is required."),
    "OperationFailed.ServerGroupInUse": (
        400,
        "The server group cannot be detached: the listener has no BackendServerPort to fall back "
        "on.",
    ),
    "ListenerForwardNotSupport": (400, "There is no HTTPS listener on the specified ForwardPort."),
    "ListenerForwardExist": (400, "Another listener is forwarded to this listener."),
    "AclNotExist": (400, "The specified access control list does not exist."),
    # Forwarding rules.
    "RuleNotSupport": (400, "The listener's protocol does not support forwarding rules."),
    "ListenerNotSupportRule": (400, "A listener that is forwarded takes no forwarding rules."),
    "RuleListMalformed": (400, "The specified RuleList is malformed."),
    "DomainMalformed": (400, "The specified Domain is malformed."),
    "UrlMalformed": (400, "The specified Url is malformed."),
    "DomainExist": (400, "The specified Domain and Url already exist on the listener."),
    "TooManyRules": (400, "The number of forwarding rules exceeds the limit."),
    "InvalidRuleId.NotFound": (404, "The specified RuleId does not exist."),
    "Operation.NotAllowed": (400, "The operation is not allowed."),
    # VPC and STS.
    "Forbidden.VpcNotFound": (400, "The specified VPC does not exist."),
    "NoPermission": (403, "You are not authorized to do this action."),
    # ECS.
    "InvalidEniId.NotFound": (404, "The specified network interface does not exist."),
    "InvalidStatus.NotFound": (404, "The specified Status does not exist."),
    "InvalidNetworkType.NotFound": (404, "The specified InstanceNetworkType does not exist."),
}


class ApiError(Exception):
    """An answer of the cloud that is not a success; the endpoint turns it into the wire's form.

    code: the cloud's; status and message default to the catalogue's, else 400 and the code.
    """

    def __init__(self, code: str, message: str = "", *, status: int = 0) -> None:
        known_status, known_message = _CATALOGUE.get(code, (400, f"The request failed: {code}."))
        self.code = code
        self.status = status or known_status
        self.message = message or known_message
        super().__init__(f"{code}: {self.message}")


def missing(name: str, code: str = "MissingParameter") -> ApiError:
    """The error for a mandatory parameter that is absent or empty."""
    return ApiError(
        code,
        f'The input parameter "{name}" that is mandatory for processing this request is not '
        "supplied.",
    )


def group_not_found() -> ApiError:
    """The cloud has no code of its own for a missing group: clients go by this message."""
    return ApiError("InvalidParameter", "The specified VServerGroupId does not exist.", status=404)
