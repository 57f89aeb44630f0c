"""The vendor's Python SDKs behind one call: action and wire names in, wire answer out.

Requests are built with the SDKs' own classes and setters, answers pass through their own models:
what a model does not know is not in the answer.
"""

import importlib
import inspect
import json
from collections.abc import Iterator
from typing import Any, Protocol

from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from tests.localcloud.process import LocalCloud

REGION = "cn-hangzhou"
_NEW = {
    "slb": "alibabacloud_slb20140515",
    "ecs": "alibabacloud_ecs20140526",
    "vpc": "alibabacloud_vpc20160428",
    "sts": "alibabacloud_sts20150401",
}
_OLD = {
    "slb": "aliyunsdkslb.request.v20140515",
    "ecs": "aliyunsdkecs.request.v20140526",
}
_PLAIN = {"str": str, "int": int, "bool": bool, "float": float}
# The old SDKs of these products are not among the tested ones: their core calls any action.
_COMMON = {"vpc": "2016-04-28", "sts": "2015-04-01"}


class Refused(Exception):
    """What an SDK raised, in one form."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.status = status


class Sdk(Protocol):
    """One of the SDKs, with a key."""

    def call(self, action: str, product: str = "slb", **params: Any) -> dict[str, Any]:
        """The action's answer. params: by wire name, lists as lists. Raises Refused."""


class NewSdk:
    """alibabacloud-*: v3 signatures, or v1 ones."""

    def __init__(self, cloud: LocalCloud, *, v1: bool = False, **key: str) -> None:
        self._config = {
            "access_key_id": cloud.access_key_id,
            "access_key_secret": cloud.access_key_secret,
            "endpoint": cloud.host,
            "protocol": "HTTP",
            "region_id": REGION,
            **({"signature_algorithm": "v2"} if v1 else {}),
            **key,
        }
        self._clients: dict[str, Any] = {}

    def call(self, action: str, product: str = "slb", **params: Any) -> dict[str, Any]:
        package = _NEW[product]
        if product not in self._clients:
            client_class = importlib.import_module(f"{package}.client").Client
            self._clients[product] = client_class(Config(**self._config))
        client = self._clients[product]
        methods = {name.replace("_", ""): name for name in dir(client) if name[0] != "_"}
        method = getattr(client, methods[action.lower()])
        models = importlib.import_module(f"{package}.models")
        request_class = getattr(models, f"{action}Request", None)
        arguments = [request_class().from_map(params)] if request_class else []
        try:
            body = method(*arguments).body
        except ClientException as error:
            raise Refused(error.code, error.status_code) from error
        wrong = list(mistyped(body, action))
        assert not wrong, wrong
        answer: dict[str, Any] = body.to_map()
        assert answer["RequestId"]
        return answer


class OldSdk:
    """aliyun-python-sdk-*: v1 signatures."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._client = AcsClient(cloud.access_key_id, cloud.access_key_secret, REGION)

    def call(self, action: str, product: str = "slb", **params: Any) -> dict[str, Any]:
        request = self._request(action, product, params)
        request.set_accept_format("JSON")
        request.set_endpoint(self._cloud.host)
        try:
            answer: dict[str, Any] = json.loads(self._client.do_action_with_exception(request))
        except ServerException as error:
            raise Refused(error.get_error_code(), error.get_http_status()) from error
        assert answer["RequestId"]
        return answer

    def _request(self, action: str, product: str, params: dict[str, Any]) -> Any:
        if product in _COMMON:
            request = CommonRequest(
                domain=self._cloud.host, version=_COMMON[product], action_name=action
            )
            request.set_protocol_type("http")
            request.set_method("POST")
            for name, value in params.items():
                request.add_query_param(name, value)
            return request
        module = importlib.import_module(f"{_OLD[product]}.{action}Request")
        request = getattr(module, f"{action}Request")()
        for name, value in params.items():
            # Its client adds the region to every request by itself.
            if name == "RegionId" and not hasattr(request, "set_RegionId"):
                request.add_query_param(name, value)
                continue
            plural = isinstance(value, list)
            getattr(request, f"set_{name}s" if plural else f"set_{name}")(value)
        return request


def mistyped(model: Any, path: str) -> Iterator[str]:
    """Where an answer's values are not of the types that the SDK's models declare.

    The models say their types as text: 'str', 'int', 'List[main_models.X]'.
    """
    parameters = inspect.signature(type(model).__init__).parameters
    for name, value in vars(model).items():
        if value is not None and name in parameters:
            yield from _mistyped(parameters[name].annotation, value, f"{path}.{name}")


def _mistyped(declared: str, value: Any, path: str) -> Iterator[str]:
    if declared.startswith("List["):
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for entry in value:
            yield from _mistyped(declared.removeprefix("List[")[:-1], entry, path)
    elif declared.startswith("main_models."):
        yield from mistyped(value, path)
    elif type(value) is not _PLAIN[declared]:
        yield f"{path}: {value!r} is no {declared}"
