"""Calls in the very shape in which programs send them that cannot run here: Go's, by their source.

Read in Terraform's provider (alicloud/service_alicloud_slb.go and the resources beside it), in
Kubernetes' controller (pkg/provider/alibaba/slb) and in the two Go SDKs below them.
"""

import json
from typing import Any

from tests.localcloud.client import Client, Refused

REGION = "cn-hangzhou"


class Go:
    """The vendor's Go SDK: everything in the query, empty texts left out, the region always in."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(
        self, action: str, *, product: str = "slb", method: str = "POST", **params: Any
    ) -> dict[str, Any]:
        """The action's answer. params: by wire name, as texts or numbers. Raises Refused."""
        given = {name: str(value) for name, value in params.items() if value != ""}
        common = self._client.common(product, action) | {"RegionId": REGION}
        return _answer(self._client, self._client.sign(common | given, method), None, method)


class Tea:
    """The generic RPC client of newer resources: common parameters in the query, others a form."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, action: str, *, product: str = "slb", **params: Any) -> dict[str, Any]:
        """The action's answer. params: by wire name; booleans are written true and false."""
        form = {
            name: json.dumps(value) if isinstance(value, bool) else str(value)
            for name, value in params.items()
        }
        common = self._client.common(product, action)
        signature = self._client.sign(common | form)["Signature"]
        return _answer(self._client, common | {"Signature": signature}, form, "POST")


def _answer(
    client: Client, query: dict[str, str], form: dict[str, str] | None, method: str
) -> dict[str, Any]:
    status, body = client.send(query, form, method)
    answer: dict[str, Any] = json.loads(body)
    if status >= 400:
        raise Refused(status, answer)
    return answer


def expected(error: Refused, *words: str) -> bool:
    """How Terraform's provider knows an error: by its code, or by words of its message."""
    return any(word == error.code or word in error.message for word in words)
