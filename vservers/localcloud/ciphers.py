"""TLS versions and ciphers: what policies may name, and what the cloud's own policies allow.

Names are OpenSSL's, as the API spells them. Source: "TLS security policies" of the SLB manual.
"""

TLS_13 = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256",
)
_FORWARD_SECRET = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-RSA-AES256-SHA384",
)
_PLAIN_12 = ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA256", "AES256-SHA256")
_FORWARD_SECRET_OLD = (
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
)
_PLAIN_OLD = ("AES128-SHA", "AES256-SHA", "DES-CBC3-SHA")

# Which version brought a cipher; what is not here is not supported.
SINCE = {
    **dict.fromkeys(TLS_13, "TLSv1.3"),
    **dict.fromkeys((*_FORWARD_SECRET, *_PLAIN_12), "TLSv1.2"),
    **dict.fromkeys((*_FORWARD_SECRET_OLD, *_PLAIN_OLD), "TLSv1.0"),
}
_ALL = (*_FORWARD_SECRET, *_PLAIN_12, *_FORWARD_SECRET_OLD, *_PLAIN_OLD)
_STRICT = (*_FORWARD_SECRET, *_FORWARD_SECRET_OLD)
DEFAULT_POLICY = "tls_cipher_policy_1_0"
# (versions, ciphers) of the cloud's own policies.
SYSTEM_POLICIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    DEFAULT_POLICY: (("TLSv1.0", "TLSv1.1", "TLSv1.2"), _ALL),
    "tls_cipher_policy_1_1": (("TLSv1.1", "TLSv1.2"), _ALL),
    "tls_cipher_policy_1_2": (("TLSv1.2",), _ALL),
    "tls_cipher_policy_1_2_strict": (("TLSv1.2",), _STRICT),
    "tls_cipher_policy_1_2_strict_with_1_3": (("TLSv1.2", "TLSv1.3"), (*TLS_13, *_STRICT)),
}


def fits(cipher: str, versions: tuple[str, ...]) -> bool:
    """Whether one of the versions can use a cipher: TLS 1.3 has its own only."""
    since = SINCE.get(cipher)
    if since is None:
        return False
    if since == "TLSv1.3":
        return since in versions
    return any(since <= version < "TLSv1.3" for version in versions)
