"""The TLS policies that the form of an HTTPS listener offers."""

from typing import Any

from django.utils.translation import ngettext

from vservers.models import LoadBalancer
from vservers.services.tls_policies import custom_policies

from .fields import TLS_POLICIES


def tls_policies_for(load_balancer: LoadBalancer) -> list[tuple[str, Any]]:
    """The cloud's own, then those that the account has made, which need a guaranteed spec."""
    own = custom_policies(load_balancer) if load_balancer.spec else []
    rows = [
        (
            one.policy_id,
            ngettext(
                "%(name)s (%(versions)s, %(count)d cipher)",
                "%(name)s (%(versions)s, %(count)d ciphers)",
                len(one.ciphers),
            )
            % {
                "name": one.name or one.policy_id,
                "versions": ", ".join(one.versions),
                "count": len(one.ciphers),
            },
        )
        for one in own
    ]
    return [*TLS_POLICIES, *rows]
