"""TLS policies that an account has made: read when a form offers them, kept for a minute."""

import logging

from django.core.cache import cache

from vservers.cloud import CloudError
from vservers.cloud.assets import TlsPolicy
from vservers.models import LoadBalancer

from .connection import connect

logger = logging.getLogger(__name__)

# A dialog asks again with each of its buttons.
CACHED_SECONDS = 60


def custom_policies(load_balancer: LoadBalancer) -> list[TlsPolicy]:
    """Of the load balancer's region, by name; none where they cannot be read.

    The form works without them: the cloud's own policies are always there.
    """
    key = f"tls-policies:{load_balancer.account_id}:{load_balancer.region_id}"
    kept: list[TlsPolicy] | None = cache.get(key)
    if kept is None:
        try:
            found = connect(load_balancer).slb.list_tls_cipher_policies()
            kept = sorted(found, key=lambda policy: (policy.name, policy.policy_id))
        except CloudError as error:
            logger.warning("TLS policies could not be read: %s", error)
            kept = []
        cache.set(key, kept, CACHED_SECONDS)
    return kept
