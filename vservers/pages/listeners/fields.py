"""The fields of a listener, of whatever protocol: labels, choices, ranges as the API has them."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from vservers.pages.fields import name_characters, whole_number

HTTP, HTTPS, TCP, UDP = "http", "https", "tcp", "udp"
LAYER_7, LAYER_4 = (HTTP, HTTPS), (TCP, UDP)
PROTOCOLS = [(TCP, "TCP"), (UDP, "UDP"), (HTTP, "HTTP"), (HTTPS, "HTTPS")]
# The cloud keeps these ports of UDP for itself.
RESERVED_UDP_PORTS = (250, 4789, 4790)

SCHEDULERS = [
    ("wrr", _("Weighted round robin")),
    ("wlc", _("Weighted least connections")),
    ("rr", _("Round robin, ignores weights")),
]
# On guaranteed-performance instances only.
HASHING = {
    TCP: [
        ("sch", _("Consistent hash: source IP")),
        ("tch", _("Consistent hash: four-tuple")),
    ],
    UDP: [
        ("sch", _("Consistent hash: source IP")),
        ("tch", _("Consistent hash: four-tuple")),
        ("qch", _("Consistent hash: QUIC ID")),
    ],
}
STATUS_CODES = [(f"http_{n}xx", f"{n}xx") for n in (2, 3, 4, 5)]
SESSIONS = [
    ("off", _("Off")),
    ("insert", _("Insert cookie: the instance sets one of its own")),
    ("server", _("Rewrite cookie: the instance uses the servers' cookie")),
]
ACCESS_KINDS = [
    ("off", _("Off: every client may connect")),
    ("white", _("Whitelist: only the addresses of the list")),
    ("black", _("Blacklist: all but the addresses of the list")),
]
# The cloud's own, the weakest first. Source: "TLS security policies" of the manual.
TLS_POLICIES = [
    ("tls_cipher_policy_1_0", _("TLS 1.0 and later")),
    ("tls_cipher_policy_1_1", _("TLS 1.1 and later")),
    ("tls_cipher_policy_1_2", _("TLS 1.2 and later")),
    ("tls_cipher_policy_1_2_strict", _("TLS 1.2, forward secrecy only")),
    ("tls_cipher_policy_1_2_strict_with_1_3", _("TLS 1.2 and 1.3, forward secrecy only")),
]

_domain = RegexValidator(
    r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z",
    _("Use letters, digits, hyphens and periods only."),
)
_path = RegexValidator(
    r"^/[A-Za-z0-9\-/.%?#&_=]*\Z",
    _("Start with / and use letters, digits and - / . %% ? # & _ = only."),
)
_cookie = RegexValidator(
    r"^[A-Za-z0-9_.-]+\Z", _("Use letters, digits, hyphens, underscores and periods only.")
)
_probe = RegexValidator(r"^[A-Za-z0-9]+\Z", _("Use letters and digits only."))


def number(label: Any, low: int, high: int, help_text: Any, **options: Any) -> forms.IntegerField:
    return whole_number(low, high, label=label, help_text=help_text, **options)


def switch(label: Any, help_text: Any = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False)


def text(label: Any, length: int, help_text: Any, *validators: Any, **options: Any) -> Any:
    return forms.CharField(
        label=label,
        max_length=length,
        help_text=help_text,
        validators=validators,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        **options,
    )


class CheckFields(forms.Form):
    """The health check, of a listener or of a rule that has its own."""

    use_required_attribute = False

    health_check = switch(
        _("Check the health of the servers"), _("Without it, requests go to broken servers too.")
    )
    health_check_type = forms.ChoiceField(
        label=_("Check protocol"), choices=[("tcp", "TCP"), ("http", "HTTP")]
    )
    health_check_method = forms.ChoiceField(
        label=_("Check method"), choices=[("head", "HEAD"), ("get", "GET")]
    )
    health_check_uri = forms.CharField(
        label=_("Check path"), max_length=80, validators=[_path], help_text=_("1 to 80 characters.")
    )
    health_check_domain = text(
        _("Check domain"), 80, _("The Host of the check. Empty: each server's private IP."), _domain
    )
    health_check_connect_port = number(
        _("Check port"),
        1,
        65535,
        _("Empty: each server's own port. Leave it empty when the servers' ports differ."),
        required=False,
    )
    health_check_codes = forms.MultipleChoiceField(
        label=_("Normal status codes"),
        choices=STATUS_CODES,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    health_check_req = text(
        _("Check request"), 64, _("What the check sends. Up to 64 letters and digits."), _probe
    )
    health_check_exp = text(
        _("Expected result"), 64, _("What the server has to answer, up to 64 characters."), _probe
    )
    health_check_timeout = number(_("Response timeout"), 1, 300, _("1 to 300 seconds."))
    health_check_interval = number(_("Check interval"), 1, 50, _("1 to 50 seconds."))
    unhealthy_threshold = number(_("Unhealthy threshold"), 2, 10, _("2 to 10 failures in a row."))
    healthy_threshold = number(_("Healthy threshold"), 2, 10, _("2 to 10 successes in a row."))


class SessionFields(forms.Form):
    """Session persistence by cookies, of a layer-7 listener or of a rule that has its own."""

    session = forms.ChoiceField(label=_("Session persistence"), choices=SESSIONS)
    cookie_timeout = number(
        _("Cookie timeout"), 1, 86400, _("1 to 86400 seconds, with Insert cookie."), required=False
    )
    cookie = text(_("Cookie name"), 200, _("1 to 200 characters, with Rewrite cookie."), _cookie)


class AllFields(SessionFields, CheckFields):
    """Every field that a listener of some protocol has; a form keeps those of its own."""

    listening_port = number(_("Listening port"), 1, 65535, _("1 to 65535, free on this instance."))
    description = text(
        _("Listener name"),
        80,
        _("Up to 80 letters, digits and - / . _ characters. Empty: protocol and port."),
        name_characters,
    )
    scheduler = forms.ChoiceField(label=_("Scheduling algorithm"))
    forward_port = forms.TypedChoiceField(
        label=_("Redirect to HTTPS"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("Sends every client to an HTTPS listener. It then needs no servers here."),
    )
    start = switch(
        _("Start after creation"), _("A listener that is not started takes no requests.")
    )

    persistence_timeout = number(
        _("Session persistence"),
        0,
        3600,
        _("0 to 3600 seconds, by the client's address. 0: off."),
    )
    established_timeout = number(_("Idle timeout"), 10, 900, _("10 to 900 seconds."))
    connection_drain_timeout = number(
        _("Connection draining"),
        10,
        900,
        _("10 to 900 seconds for connections of a server that is removed. Empty: off."),
        required=False,
    )
    proxy_protocol_v2 = switch(
        _("Proxy protocol v2"), _("Tells servers the client's address; they have to understand it.")
    )
    idle_timeout = number(_("Idle timeout"), 1, 60, _("1 to 60 seconds."))
    request_timeout = number(
        _("Request timeout"), 1, 180, _("1 to 180 seconds; the client then gets 504.")
    )
    bandwidth = number(
        _("Peak bandwidth"), 1, 5120, _("1 to 5120 Mbit/s. Empty: no limit."), required=False
    )
    gzip = switch(_("Gzip compression"))
    enable_http2 = switch("HTTP/2")
    x_forwarded_for = switch("X-Forwarded-For", _("The client's address."))
    x_forwarded_for_proto = switch("X-Forwarded-Proto", _("The listener's protocol."))
    x_forwarded_for_slbip = switch("SLB-IP", _("The service address."))
    x_forwarded_for_slbid = switch("SLB-ID", _("The instance ID."))
    access = forms.ChoiceField(label=_("Access control"), choices=ACCESS_KINDS)
    acl_id = forms.ChoiceField(label=_("Access control list"), required=False)

    server_certificate_id = forms.ChoiceField(
        label=_("Server certificate"),
        error_messages={"required": _("Choose the certificate that the listener shows.")},
    )
    ca_certificate_id = forms.ChoiceField(
        label=_("Mutual authentication"),
        required=False,
        help_text=_("The CA certificate that clients' certificates are checked with."),
    )
    tls_cipher_policy = forms.ChoiceField(label=_("TLS policy"), required=False)

    target = forms.ChoiceField(label=_("Servers"), required=False)
    backend_port = number(
        _("Backend port"),
        1,
        65535,
        _(
            "1 to 65535. The port of the servers in Backend Servers; needed without a group, whose "
            "servers have ports of their own."
        ),
        required=False,
    )


# How the fields of the first section stand together: those to be seen at once, then the folded.
BASICS = ("listening_port", "description", "scheduler", "forward_port", "start")
SESSION = ("session", "cookie_timeout", "cookie", "persistence_timeout")
LIMITS = (
    "bandwidth",
    "idle_timeout",
    "request_timeout",
    "established_timeout",
    "connection_drain_timeout",
)
SWITCHES = ("gzip", "enable_http2", "proxy_protocol_v2")
HEADERS = (
    "x_forwarded_for",
    "x_forwarded_for_proto",
    "x_forwarded_for_slbip",
    "x_forwarded_for_slbid",
)
ACCESS_CONTROL = ("access", "acl_id")
ADVANCED = (*SESSION, *LIMITS, *SWITCHES, *HEADERS, *ACCESS_CONTROL)
# The sections of the form: the steps of the wizard, in their order.
LISTENER, CERTIFICATES, BACKEND, CHECK = "listener", "certificates", "backend", "check"
SECTIONS: Mapping[str, tuple[str, ...]] = {
    LISTENER: (*BASICS, *ADVANCED),
    CERTIFICATES: ("server_certificate_id", "ca_certificate_id", "tls_cipher_policy"),
    BACKEND: ("target", "backend_port"),
    CHECK: tuple(CheckFields.base_fields),
}
_ONLY = {
    (HTTP,): ("forward_port",),
    (HTTPS,): (
        "enable_http2",
        "server_certificate_id",
        "ca_certificate_id",
        "tls_cipher_policy",
    ),
    (TCP,): (
        "persistence_timeout",
        "established_timeout",
        "connection_drain_timeout",
        "health_check_type",
    ),
    (UDP,): ("health_check_req", "health_check_exp"),
    LAYER_4: ("proxy_protocol_v2",),
    LAYER_7: (
        "session",
        "cookie_timeout",
        "cookie",
        "idle_timeout",
        "request_timeout",
        "gzip",
        "x_forwarded_for",
        "x_forwarded_for_proto",
        "x_forwarded_for_slbip",
        "x_forwarded_for_slbid",
        "health_check",
        "health_check_method",
    ),
    (HTTP, HTTPS, TCP): ("health_check_uri", "health_check_domain", "health_check_codes"),
}


def foreign_fields(protocol: str) -> set[str]:
    """The fields that a listener of the protocol does not have."""
    return {name for have, names in _ONLY.items() if protocol not in have for name in names}
