"""Certificates: what HAProxy reads from files, and which of them it would accept.

Nothing but whole PEM blocks enters a file. A file's name tells its content, so that a changed
certificate is a changed configuration, and one that nobody names any more can go.
"""

import hashlib
import re
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

from vservers.localcloud.dataplane import words
from vservers.localcloud.dataplane.child import write
from vservers.localcloud.dataplane.names import frontend_name
from vservers.localcloud.dataplane.topology import Certificate, Listener, TlsPolicy, Topology

_BASE64 = r"(?:[A-Za-z0-9+/=]{1,76}\n)+"
_CERTIFICATE = re.compile(rf"-----BEGIN CERTIFICATE-----\n{_BASE64}-----END CERTIFICATE-----\n")
_KEY = re.compile(
    rf"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\n{_BASE64}-----END \1-----\n",
)
_VERSIONS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_OLD_VERSIONS = ("TLSv1.0", "TLSv1.1")

# Of the names that the cloud documents for its policies, those that OpenSSL still has.
_KINDS = ("ECDHE-ECDSA-", "ECDHE-RSA-", "")
_MODES = (
    *("AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA256"),
    *("AES256-SHA384", "AES128-SHA", "AES256-SHA"),
)
CIPHERS = frozenset(
    {kind + mode for kind in _KINDS for mode in _MODES}
    - {"AES256-SHA384"} | {"AES256-SHA256"}
)  # fmt: skip
CIPHERS_OF_TLS_1_3 = frozenset(
    {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    }
)


class TlsError(ValueError):
    """A certificate or a policy cannot be served; the text says which and why."""


def bind_options(listener: Listener, folder: str) -> str:
    """The TLS part of a bind line. folder: where the files are, a path without need of quotes."""
    if listener.certificate is None:
        raise words.RenderError("certificate", None)
    name, _ = certificate_list(listener, folder)
    options = f"ssl crt-list {folder}/{name} alpn {'h2,' if listener.http2 else ''}http/1.1"
    if listener.ca_certificate is not None:
        options += f" ca-file {folder}/{file_name(listener.ca_certificate)} verify required"
    return f"{options} {policy_options(listener.tls_policy)}"


def policy_options(policy: TlsPolicy | None) -> str:
    """Versions and ciphers. Names that the engine does not have are left out; TlsError: all."""
    if policy is None:
        return "ssl-min-ver TLSv1.2"
    wanted = [version in policy.versions for version in _VERSIONS]
    if not any(wanted) or not set(policy.versions) <= set(_VERSIONS):
        raise TlsError(f"its TLS versions are {policy.versions!r:.80}")
    # The engine takes no gaps: of "1.0, 1.2" the newer stays.
    highest = lowest = len(wanted) - 1 - wanted[::-1].index(True)
    while lowest and wanted[lowest - 1]:
        lowest -= 1
    options = f"ssl-min-ver {_VERSIONS[lowest]} ssl-max-ver {_VERSIONS[highest]}"
    older = [name for name in dict.fromkeys(policy.ciphers) if name in CIPHERS]
    newer = [name for name in dict.fromkeys(policy.ciphers) if name in CIPHERS_OF_TLS_1_3]
    if not older and not newer:
        raise TlsError("its TLS policy names no cipher that is known here")
    if older:
        # Distributions forbid what the oldest versions need, unless it is asked for.
        level = ":@SECLEVEL=0" if _VERSIONS[lowest] in _OLD_VERSIONS else ""
        options += f" ciphers {':'.join(older)}{level}"
    if newer:
        options += f" ciphersuites {':'.join(newer)}"
    return options


def certificate_list(listener: Listener, folder: str) -> tuple[str, str]:
    """Name and text of the list of a listener's certificates, the default one first.

    A certificate stands for the domain that it was bound to, whatever names it carries.
    """
    assert listener.certificate is not None  # noqa: S101 - the callers look
    # Named for a domain that does not exist, it is only the default.
    lines = [f"{folder}/{file_name(listener.certificate)} default.invalid"]
    named = [(words.domain(domain), certificate) for domain, certificate in listener.extensions]
    for domain, certificate in named:
        # A name goes before its wildcard. By itself the engine takes the wildcard's certificate
        # where that has an elliptic key and the name's has not.
        but = [f" !{one}" for one, _ in named if domain == f"*.{one.partition('.')[2]}" != one]
        lines.append(f"{folder}/{file_name(certificate)} {domain}{''.join(but)}")
    text = "\n".join(lines) + "\n"
    return f"{frontend_name(listener)}-{_digest(text)}.list", text


def file_name(certificate: Certificate) -> str:
    name = words.identifier(certificate.certificate_id.replace("_", "-"), "certificate")
    return f"{name}-{_digest(certificate.chain + certificate.key)}.pem"


class CertificateFiles:
    """The files in one folder. Nobody else may read them: keys are among them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._good: set[str] = set()

    def prepare(self, topology: Topology) -> tuple[Topology, list[str]]:
        """Write what its HTTPS listeners need.

        Returns it without those that the engine would not take, and a sentence for each of them.
        """
        served, left_out = [], []
        for listener in topology.listeners:
            try:
                if listener.protocol == "https":
                    self._prepare(listener)
                served.append(listener)
            except TlsError as error:
                where = f"{listener.address}:{listener.port}"
                left_out.append(f"{where} (https) is not served: {error}")
        return Topology(tuple(served), topology.instances), left_out

    def clean(self, listeners: Iterable[Listener]) -> None:
        """Remove what none of these listeners names."""
        kept = set()
        for listener in listeners:
            if listener.protocol == "https" and listener.certificate is not None:
                kept.add(certificate_list(listener, str(self._folder))[0])
                kept |= {file_name(certificate) for certificate in _server_certificates(listener)}
                if listener.ca_certificate is not None:
                    kept.add(file_name(listener.ca_certificate))
        self._good &= kept
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in kept:
                    path.unlink()

    def _prepare(self, listener: Listener) -> None:
        if listener.certificate is None:
            raise TlsError("it has no certificate")
        policy_options(listener.tls_policy)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for certificate in _server_certificates(listener):
            self._keep(certificate, server=True)
        if listener.ca_certificate is not None:
            self._keep(listener.ca_certificate, server=False)
        name, text = certificate_list(listener, str(self._folder))
        self._write(name, text)

    def _keep(self, certificate: Certificate, *, server: bool) -> None:
        name = file_name(certificate)
        if name in self._good:
            return
        self._write(name, _blocks(certificate, with_key=server))
        path = self._folder / name
        try:
            if server:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(path)
            else:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.load_verify_locations(path)
        except (ssl.SSLError, OSError, ValueError) as error:
            path.unlink(missing_ok=True)
            reason = getattr(error, "reason", None) or type(error).__name__
            text = f"certificate {certificate.certificate_id:.80} is refused: {reason}"
            raise TlsError(text) from None
        self._good.add(name)

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        if name not in self._good or not path.exists():
            fresh = path.with_suffix(".new")
            write(fresh, text)
            fresh.replace(path)


def _server_certificates(listener: Listener) -> Iterator[Certificate]:
    if listener.certificate is not None:
        yield listener.certificate
    for _, certificate in listener.extensions:
        yield certificate


def _blocks(certificate: Certificate, *, with_key: bool) -> str:
    """The PEM blocks of the chain and the key, and nothing that stands around them."""
    chain = [found[0] for found in _CERTIFICATE.finditer(_lines(certificate.chain))]
    name = certificate.certificate_id
    if not chain:
        raise TlsError(f"certificate {name:.80} is not PEM text")
    if not with_key:
        return "".join(chain)
    key = _KEY.search(_lines(certificate.key))
    if key is None:
        raise TlsError(f"the key of certificate {name:.80} is not PEM text without a password")
    return "".join([*chain, key[0]])


def _lines(text: str) -> str:
    return "".join(f"{line.strip()}\n" for line in text.split("\n"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
