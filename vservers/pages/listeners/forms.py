"""The form of an HTTP listener: shapes and ranges as the API documents them."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.cloud.settings import HTTPSettings
from vservers.models import Listener, LoadBalancer, VServerGroup
from vservers.pages.conflict_rows import settings_rows
from vservers.pages.conflicts import Rows
from vservers.pages.fields import (
    GroupField,
    groups_by_id,
    name_characters,
    whole_number,
)
from vservers.selectors.listeners import listener_on_port

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SCHEDULERS = [
    ("wrr", gettext_lazy("Weighted round robin")),
    ("rr", gettext_lazy("Round robin, ignores weights")),
]
STATUS_CODES = [(f"http_{n}xx", f"{n}xx") for n in (2, 3, 4, 5)]
SESSIONS = [
    ("off", gettext_lazy("Off")),
    ("insert", gettext_lazy("Insert cookie: the instance sets one of its own")),
    ("server", gettext_lazy("Rewrite cookie: the instance uses the servers' cookie")),
]
# What the console proposes where the cloud's own default is narrower: redirects count as healthy.
NEW_LISTENER = {
    "health_check_codes": ["http_2xx", "http_3xx"],
    "health_check_uri": "/",
    "health_check_method": "head",
    "health_check_timeout": 5,
    "health_check_interval": 2,
    "unhealthy_threshold": 3,
    "healthy_threshold": 3,
}
ON_OFF = (
    "gzip",
    "x_forwarded_for",
    "x_forwarded_for_proto",
    "x_forwarded_for_slbip",
    "x_forwarded_for_slbid",
    "health_check",
)
# Settings that form fields of the same name hold as they are.
_AS_THEY_ARE = ("scheduler", "idle_timeout", "request_timeout")
_OF_THE_CHECK = (
    "health_check_method",
    "health_check_uri",
    "health_check_domain",
    "health_check_connect_port",
    "health_check_interval",
    "health_check_timeout",
    "healthy_threshold",
    "unhealthy_threshold",
)

_domain = RegexValidator(
    r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z",
    gettext_lazy("Use letters, digits, hyphens and periods only."),
)
_path = RegexValidator(
    r"^/[A-Za-z0-9\-/.%?#&_=]*\Z",
    gettext_lazy("Start with / and use letters, digits and - / . %% ? # & _ = only."),
)
_cookie = RegexValidator(
    r"^[A-Za-z0-9_.-]+\Z",
    gettext_lazy("Use letters, digits, hyphens, underscores and periods only."),
)


def _number(
    label: "StrOrPromise", low: int, high: int, help_text: "StrOrPromise", **options: Any
) -> forms.IntegerField:
    return whole_number(low, high, label=label, help_text=help_text, **options)


def _switch(label: "StrOrPromise", help_text: "StrOrPromise" = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False)


class ListenerForm(forms.Form):
    """What a person may set on an HTTP listener, new (`listener` None) or not."""

    use_required_attribute = False

    listening_port = _number(
        gettext_lazy("Listening port"), 1, 65535, gettext_lazy("1 to 65535, free on this instance.")
    )
    vserver_group = forms.ChoiceField()  # replaced: its choices are those of the instance
    backend_port = _number(
        gettext_lazy("Backend port"),
        1,
        65535,
        gettext_lazy(
            "1 to 65535. The port of the servers in Backend Servers; needed without a "
            "VServer group, whose servers have ports of their own."
        ),
        required=False,
    )
    description = forms.CharField(
        label=gettext_lazy("Listener name"),
        max_length=80,
        required=False,
        validators=[name_characters],
        help_text=gettext_lazy(
            "Up to 80 letters, digits and - / . _ characters. Empty: protocol and port."
        ),
    )
    scheduler = forms.ChoiceField(label=gettext_lazy("Scheduler"), choices=SCHEDULERS)

    health_check = _switch(
        gettext_lazy("Check the health of the servers"),
        gettext_lazy("Without it, requests go to broken servers too."),
    )
    health_check_method = forms.ChoiceField(
        label=gettext_lazy("Check method"), choices=[("head", "HEAD"), ("get", "GET")]
    )
    health_check_uri = forms.CharField(
        label=gettext_lazy("Check path"),
        max_length=80,
        validators=[_path],
        help_text="1 to 80 characters.",
    )
    health_check_domain = forms.CharField(
        label=gettext_lazy("Check domain"),
        max_length=80,
        required=False,
        validators=[_domain],
        help_text=gettext_lazy("The Host of the check. Empty: each server's private IP."),
    )
    health_check_connect_port = _number(
        gettext_lazy("Check port"),
        1,
        65535,
        gettext_lazy(
            "Empty: each server's own port. Leave it empty when the servers' ports differ."
        ),
        required=False,
    )
    health_check_codes = forms.MultipleChoiceField(
        label=gettext_lazy("Normal status codes"),
        choices=STATUS_CODES,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    health_check_timeout = _number(gettext_lazy("Response timeout"), 1, 300, "1 to 300 seconds.")
    health_check_interval = _number(gettext_lazy("Check interval"), 1, 50, "1 to 50 seconds.")
    unhealthy_threshold = _number(
        gettext_lazy("Unhealthy threshold"), 2, 10, gettext_lazy("2 to 10 failures in a row.")
    )
    healthy_threshold = _number(
        gettext_lazy("Healthy threshold"), 2, 10, gettext_lazy("2 to 10 successes in a row.")
    )

    session = forms.ChoiceField(label=gettext_lazy("Session persistence"), choices=SESSIONS)
    cookie_timeout = _number(
        gettext_lazy("Cookie timeout"),
        1,
        86400,
        gettext_lazy("1 to 86400 seconds, with Insert cookie."),
        required=False,
    )
    cookie = forms.CharField(
        label=gettext_lazy("Cookie name"),
        max_length=200,
        required=False,
        validators=[_cookie],
        help_text=gettext_lazy("1 to 200 characters, with Rewrite cookie."),
    )
    idle_timeout = _number(gettext_lazy("Idle timeout"), 1, 60, "1 to 60 seconds.")
    request_timeout = _number(
        gettext_lazy("Request timeout"),
        1,
        180,
        gettext_lazy("1 to 180 seconds; the client then gets 504."),
    )
    bandwidth = _number(
        gettext_lazy("Peak bandwidth"),
        1,
        5120,
        gettext_lazy("1 to 5120 Mbit/s. Empty: no limit."),
        required=False,
    )
    gzip = _switch(gettext_lazy("Gzip compression"))
    x_forwarded_for = _switch("X-Forwarded-For", gettext_lazy("The client's address."))
    x_forwarded_for_proto = _switch("X-Forwarded-Proto", gettext_lazy("The listener's protocol."))
    x_forwarded_for_slbip = _switch("SLB-IP", gettext_lazy("The service address."))
    x_forwarded_for_slbid = _switch("SLB-ID", gettext_lazy("The instance ID."))

    start = _switch(
        gettext_lazy("Start after creation"),
        gettext_lazy("A listener that is not started takes no requests."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        load_balancer: LoadBalancer,
        listener: Listener | None = None,
    ) -> None:
        super().__init__(data, initial=self._of(listener))
        self._load_balancer = load_balancer
        self._listener = listener
        pool_possible = listener is None or listener.backend_server_port is not None
        self.fields["vserver_group"] = GroupField(
            groups_by_id(load_balancer),
            empty_label=_("Backend Servers (default pool)") if pool_possible else None,
            required=not pool_possible,
            help_text=_("Takes the requests that no forwarding rule takes.")
            if pool_possible
            else _(
                "This listener was created without a backend port, so the cloud does not let it "
                "go to Backend Servers."
            ),
        )
        if listener:
            self._only_what_can_change(listener)

    def _only_what_can_change(self, listener: Listener) -> None:
        del self.fields["start"]
        if listener.backend_server_port is None:
            del self.fields["backend_port"]
        for name in {"listening_port", "backend_port"} & set(self.fields):
            self.fields[name].disabled = True
            self.fields[name].help_text = _(
                "The cloud does not change it on a listener that exists."
            )
        known = dict(SCHEDULERS)
        if listener.scheduler not in known:
            word = _("%(scheduler)s, no longer offered") % {"scheduler": listener.scheduler.upper()}
            scheduler: Any = self.fields["scheduler"]
            scheduler.choices = [*SCHEDULERS, (listener.scheduler, word)]

    @staticmethod
    def _of(listener: Listener | None) -> dict[str, Any]:
        """The form's values of a listener as it is, or of a new one."""
        settings = HTTPSettings.of(listener.settings) if listener else HTTPSettings()
        values = asdict(settings)
        given = {name: value for name, value in values.items() if value not in (None, "")}
        codes = settings.health_check_http_code
        return {
            **NEW_LISTENER,
            **given,
            **{name: values[name] == "on" for name in ON_OFF},
            **({"health_check_codes": codes.split(",")} if codes else {}),
            "session": settings.sticky_session_type if settings.sticky_session == "on" else "off",
            "bandwidth": None if settings.bandwidth == -1 else settings.bandwidth,
            "listening_port": listener.port if listener else None,
            "backend_port": listener.backend_server_port if listener else None,
            "vserver_group": (listener.vserver_group_id if listener else None) or "",
            "description": listener.description if listener else "",
            "start": True,
        }

    def full_clean(self) -> None:
        """Of a check that is off nothing is asked."""
        if self.is_bound and not self["health_check"].data:
            for name in (*_OF_THE_CHECK, "health_check_codes"):
                self.fields[name].required = False
        super().full_clean()

    def clean_listening_port(self) -> int:
        port: int = self.cleaned_data["listening_port"]
        if not self._listener and (taken := listener_on_port(self._load_balancer, port)):
            named = f" ({taken.description})" if taken.description else ""
            raise ValidationError(
                _("%(listener)s listens on this port already.") % {"listener": f"{taken}{named}"}
            )
        return port

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        without_group = "vserver_group" in values and values["vserver_group"] is None
        if not self._listener and without_group and values.get("backend_port", 0) is None:
            self.add_error(
                "backend_port",
                _("Enter the port of the servers in Backend Servers, or choose a VServer group."),
            )
        needed = {"insert": "cookie_timeout", "server": "cookie"}.get(values.get("session", ""))
        if needed and values.get(needed, "typed") in (None, ""):
            self.add_error(needed, _("This kind of session persistence needs it."))
        return values

    @property
    def group(self) -> VServerGroup | None:
        return self.cleaned_data["vserver_group"]

    @property
    def name(self) -> str:
        """The cloud cannot take a name away again, so there always is one."""
        return self.cleaned_data["description"] or f"http_{self.cleaned_data['listening_port']}"

    @property
    def rows(self) -> Rows:
        """What was entered, as the rows of a conflict."""
        group_id = self.group.pk if self.group else ""
        return settings_rows(group_id, self.name, asdict(self.settings))

    @property
    def settings(self) -> HTTPSettings:
        """What was entered, in the API's values."""
        values = self.cleaned_data
        session, checked = values["session"], values["health_check"]
        settings: dict[str, Any] = {
            **{name: values[name] for name in _AS_THEY_ARE},
            **{name: "on" if values[name] else "off" for name in ON_OFF},
            **{name: (values[name] or None) if checked else None for name in _OF_THE_CHECK},
            "health_check_http_code": ",".join(values["health_check_codes"]) if checked else None,
            "sticky_session": "off" if session == "off" else "on",
            "sticky_session_type": None if session == "off" else session,
            "cookie_timeout": values["cookie_timeout"] if session == "insert" else None,
            "cookie": values["cookie"] if session == "server" else None,
            "bandwidth": values["bandwidth"] or -1,
        }
        return HTTPSettings(**settings)

    @property
    def check_fields(self) -> Iterable[forms.BoundField]:
        """The fields of the health check, the switch apart."""
        names = (
            "health_check_method",
            "health_check_uri",
            "health_check_domain",
            "health_check_connect_port",
            "health_check_timeout",
            "health_check_interval",
            "unhealthy_threshold",
            "healthy_threshold",
        )
        return [self[name] for name in names]

    @property
    def check_wrong(self) -> bool:
        return any(name in self.errors for name in (*_OF_THE_CHECK, "health_check_codes"))

    @property
    def advanced_wrong(self) -> bool:
        names = ("session", "cookie_timeout", "cookie", "idle_timeout", "request_timeout")
        return any(name in self.errors for name in (*names, "bandwidth"))
