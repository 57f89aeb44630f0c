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
    "InvalidApi.NotFound": (
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
    "LbStatusNotSupport": (400, "The load balancer is locked."),
    "OperationDenied.DeleteProtectionIsOn": (400, "Delete protection is on for this instance."),
    # Backend servers.
    "BackendServersMalformed": (400, "The specified BackendServers is malformed."),
    "InvalidWeight.Malformed": (400, "The specified Weight should be in [0, 100]."),
    "TooManyBackendServers": (
        400,
        "The total number of input real servers exceeds max supported number: 20.",
    ),
    "InvalidBackendServers.ServerIpConflict": (
        400,
        "Two of the backend servers have the same IP address and port.",
    ),
    "BACKEND_SERVERS_NUM_MUST_BE_TWO": (400, "The number of backend servers must be two."),
    "BACKEND_SERVERS_HAVE_SAME_PORT_AND_SERVERID": (
        400,
        "The backend servers have the same port and server ID.",
    ),
    "BACKEND_SERVERS_CAN_ONLY_CONTAIN_ONE_MASTER_AND_ONE_SLAVE": (
        400,
        "The backend servers can only contain one master and one slave.",
    ),
    "INVALID_SERVER_TYPE": (400, "The ServerType must be Master or Slave."),
    "BACKEND_SERVER_ID_CAN_NOT_EMPTY": (400, "The ServerId of a backend server is required."),
    "BACKEND_SERVER_PORT_CAN_NOT_EMPTY": (400, "The Port of a backend server is required."),
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
    # Terraform's provider knows a listener that is gone by these words, whatever the code.
    "ListenerNotFound": (404, "The specified resource does not exist."),
    "ResourceNotFound.Listener": (404, "The specified resource does not exist."),
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
    "ListenerPortConflict": (400, "The specified listener port is in use."),
    "OperationDenied.SpecialListenerPortNotAllowed": (
        400,
        "The specified listener port is kept for the cloud's own use.",
    ),
    "InvalidParam.ListenerPort": (400, "The specified ListenerPort should be in [1, 65535]."),
    "InvalidParam.VServerGroupId": (
        400,
        "The specified VServerGroupId does not belong to the load balancer of the listener.",
    ),
    "ResourceNotFound.VServerGroup": (400, "The specified VServerGroupId does not exist."),
    "VipNotMatchRspool": (
        400,
        "The specified server group does not belong to the load balancer of the listener.",
    ),
    "MissingParam.MasterSlaveServerGroupId": (
        400,
        "The parameter MasterSlaveServerGroupId is required.",
    ),
    "Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch": (
        400,
        "VServerGroupId and MasterSlaveServerGroupId cannot be used together.",
    ),
    "InvalidParameterValue.SpecNotSupport": (
        400,
        "The scheduler is supported by guaranteed-performance instances only.",
    ),
    "SPEC_NOT_SUPPORT_PARAMETER": (
        400,
        "TLSCipherPolicy is supported by guaranteed-performance instances only.",
    ),
    "Operation.Deny": (400, "The listener is being configured; please try again later."),
    "ServiceIsConfiguring": (400, "The previous configuration of the listener is pending."),
    "OperationFailed.ListenerStatusNotSupport": (
        400,
        "The current status of the listener does not support this operation.",
    ),
    "Duplicated.AclEntry": (400, "An access control list is named twice."),
    "IpVersionConflict": (
        400,
        "The IP versions of the access control list and the load balancer differ.",
    ),
    "QuotaLimitExceeds.AclAttachedToListener": (
        400,
        "The number of access control lists of the listener exceeds the limit.",
    ),
    "AclListenerOverLimit": (
        400,
        "The number of listeners of the access control list exceeds the limit.",
    ),
    "MissingParam.ServerCertificates": (400, "A server certificate is required."),
    "CertificateNotExist": (400, "The specified certificate does not exist."),
    "CertificateTypeMismatched": (400, "The type of the specified certificate does not match."),
    "InvalidTLSPolicyId.NotExist": (400, "The specified TLS policy does not exist."),
    "AclNotExist": (400, "The specified access control list does not exist."),
    # Access control lists, certificates, domain extensions, TLS policies.
    "AclNumberOverLimit": (400, "The number of access control lists exceeds the limit."),
    "OperationFailed.AclBindedWithVip": (
        400,
        "The access control list is used by a listener.",
    ),
    "IllegalEntry": (400, "The entry is no network of the list's IP version."),
    "InvalidParam.Comment": (400, "The comment of an entry is invalid."),
    "InvalidParam.AclEntryExists": (400, "The entry already exists in the list."),
    "AclEntryExceedLimit": (400, "The number of entries exceeds the limit."),
    "InvalidAddress": (400, "An address of SourceItems is invalid."),
    "InvalidParameter.SourceItems": (400, "The specified SourceItems is invalid."),
    "OperationFailed.ActionNotSupport": (
        400,
        "The operation is not supported while the listener has an access control list.",
    ),
    "CertificateFormatInvalid": (400, "The certificate is not in PEM format."),
    "IllegalParam.ServerCertificate": (400, "The certificate and the private key do not match."),
    "OperationDenied.IllegalKeyLength": (400, "The length of the private key is not supported."),
    "ServerCertificate.NotSupport": (400, "The type of the certificate is not supported."),
    "InvalidParameter.AliCloudCertificateId": (
        400,
        "The specified AliCloudCertificateId does not exist.",
    ),
    "ServerCertificateId.NotFound": (404, "The specified ServerCertificateId does not exist."),
    "CACertificateId.NotFound": (404, "The specified CACertificateId does not exist."),
    "CertificateAndPrivateKeyIsRefered": (400, "The certificate is used by a listener."),
    "CertificateRelatedDomainExtensionExist": (
        400,
        "The certificate is used by a domain extension.",
    ),
    "DomainExtensionNotSupport": (400, "Only an HTTPS listener takes domain extensions."),
    "DomainExtensionProcessing": (400, "The domain extension is being configured."),
    "DomainExtensionNumberOverLimit": (400, "The number of domain extensions exceeds the limit."),
    "DomainExtensionRelatedRuleExist": (400, "A forwarding rule uses the domain."),
    "InvalidParameter.Domain": (400, "The specified Domain is invalid."),
    "InvalidParameter.DomainExtensionId": (
        400,
        "The specified DomainExtensionId does not exist.",
    ),
    "ParamDuplicateError.TlsVersions": (400, "A TLS version is named twice."),
    "ParamDuplicateError.Ciphers": (400, "A cipher is named twice."),
    "TLSPolicyNoSupportVersion": (400, "The TLS version is not supported."),
    "TLSPolicyNoSupportCipher": (400, "The TLS versions do not support the cipher."),
    "TLSCipherPolicyOverLimit": (400, "The number of TLS policies exceeds the limit."),
    "TLSPolicyUnchanged": (400, "The TLS policy is the same as before."),
    "TLSPolicyBeingUsed": (400, "The TLS policy is used by a listener."),
    # Tags and settings.
    "ResourceNotExist": (400, "The specified resource does not exist."),
    "QuotaLimitExceeds": (400, "The number of tags of a resource exceeds the limit."),
    "QuotaExceed.TagsPerResource": (400, "The number of tags of a resource exceeds the limit."),
    "Duplicate.TagKey": (400, "A tag key is given twice."),
    "MissingParam.TagOrResourceId": (400, "ResourceId or Tag is required."),
    "OperationNotAllowed.HighDefinitionMonitorEnabled": (
        400,
        "High-definition monitoring is enabled already.",
    ),
    "OperationNotAllowed.HighDefinitionMonitorNotEnabled": (
        400,
        "High-definition monitoring is not enabled.",
    ),
    "OperationDenied.PayByCLCU": (400, "The load balancer is paid by LCU already."),
    "OperationDenied.PayBySpec": (400, "The load balancer is paid by specification already."),
    "IllegalParam.InstanceChargeType": (400, "The specified InstanceChargeType is invalid."),
    "IllegalParam.InternetChargeType": (400, "The specified InternetChargeType is invalid."),
    "MissingParam.LoadBalancerSpec": (400, "The parameter LoadBalancerSpec is required."),
    "OperationForbidden.QuotaLimit": (400, "The number of load balancers exceeds the limit."),
    "InvalidChargeType": (400, "A subscription load balancer cannot be released."),
    "OperationUnsupported.DeleteProtectionForPrePayInstance": (
        400,
        "Delete protection is not supported for subscription load balancers.",
    ),
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
    "InvalidVpcID.NotFound": (404, "The specified VPC does not exist."),
    "InvalidVswitchID.NotFound": (404, "The specified VSwitch does not exist."),
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


def master_slave_not_found() -> ApiError:
    """As for VServer groups, clients go by this message."""
    return ApiError(
        "InvalidParameter", "The specified MasterSlaveGroupId does not exist.", status=404
    )


def group_not_found() -> ApiError:
    """The cloud has no code of its own for a missing group: clients go by this message."""
    return ApiError("InvalidParameter", "The specified VServerGroupId does not exist.", status=404)
