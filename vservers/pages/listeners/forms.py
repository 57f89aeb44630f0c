"""The form of a listener: what a person entered as the spec that services take."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from vservers.cloud.settings import SETTINGS, ListenerSettings
from vservers.models import Listener, LoadBalancer, VServerGroup
from vservers.pages.conflict_rows import spec_rows
from vservers.pages.conflicts import Rows
from vservers.pages.fields import groups_by_id
from vservers.selectors import listener_choices
from vservers.selectors.listeners import listener_on_port
from vservers.services.listeners import ListenerSpec, spec_of

from .fields import (
    ACCESS_CONTROL,
    ADVANCED,
    BACKEND,
    BASICS,
    CERTIFICATES,
    CHECK,
    HASHING,
    HEADERS,
    HTTP,
    HTTPS,
    LAYER_4,
    LAYER_7,
    LIMITS,
    RESERVED_UDP_PORTS,
    SCHEDULERS,
    SECTIONS,
    SESSION,
    SWITCHES,
    TCP,
    UDP,
    AllFields,
    foreign_fields,
)
from .tls import tls_policies_for
from .values import (
    AS_THEY_ARE,
    BY_HTTP,
    ON_OFF,
    PAIR,
    check_session,
    check_settings,
    session_settings,
    values_of,
)

# What the cloud keeps once it was told, whatever an empty value might mean.
_NEVER_EMPTY_AGAIN = ("health_check_req", "health_check_exp")


class ListenerForm(AllFields):
    """What a person may set on a listener of one protocol, new (`listener` None) or not."""

    def __init__(
        self,
        data: Any = None,
        *,
        load_balancer: LoadBalancer,
        protocol: str,
        listener: Listener | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        held = spec_of(listener) if listener else ListenerSpec(SETTINGS[protocol]())
        super().__init__(data, initial={**values_of(protocol, listener, held), **(initial or {})})
        self.protocol = protocol
        self.load_balancer = load_balancer
        self._listener = listener
        self._held = held
        for name in foreign_fields(protocol):
            del self.fields[name]
        if protocol in LAYER_4 and held.settings.health_check == "off":
            # Somebody switched off by other means what cannot be switched off here.
            self.fields["health_check"] = AllFields.base_fields["health_check"]
        if protocol == TCP:
            for name in BY_HTTP:
                self.fields[name].help_text = _("Only of a check by HTTP.")
        self._offer_schedulers()
        self._offer_servers()
        self._offer_assets()
        if listener:
            self._only_what_can_change(listener)

    # What there is to choose from

    def _choices(self, name: str, choices: Iterable[tuple[str, Any]]) -> None:
        """The choices of a field; what the listener has now stays one of them."""
        offered = list(choices)
        now = self.initial.get(name)
        if now and now not in [value for value, _words in offered]:
            offered.append((now, now))
        field: Any = self.fields[name]
        field.choices = offered

    def _offer_schedulers(self) -> None:
        guaranteed = bool(self.load_balancer.spec)
        hashing = HASHING.get(self.protocol, []) if guaranteed else []
        self._choices("scheduler", [*SCHEDULERS, *hashing])
        if self.protocol in LAYER_4 and not guaranteed:
            self.fields["scheduler"].help_text = _(
                "Consistent hashing needs a guaranteed-performance instance."
            )

    def _offer_servers(self) -> None:
        self.groups = groups_by_id(self.load_balancer)
        pool_possible = self._listener is None or self._listener.backend_server_port is not None
        field: Any = self.fields["target"]
        choices: list[Any] = [("", _("Backend Servers (default pool)"))] if pool_possible else []
        if self.groups:
            choices.append((_("VServer groups"), _labels(self.groups)))
        if self.protocol in LAYER_4:
            pairs = listener_choices.pairs(self.load_balancer)
            if pairs:
                rows = [(PAIR + group_id, name) for group_id, name in pairs]
                choices.append((_("Primary/secondary groups"), rows))
        field.choices = choices
        field.required = not pool_possible
        field.help_text = (
            _("Takes the requests that no forwarding rule takes.")
            if self.protocol in LAYER_7
            else _("Takes all connections of the listener.")
        )
        if not pool_possible:
            field.help_text = _(
                "This listener was created without a backend port, so the cloud does not let it go "
                "to Backend Servers."
            )
        field.error_messages["invalid_choice"] = _(
            "This group does not exist any more. Choose another one."
        )

    def _offer_assets(self) -> None:
        lb = self.load_balancer
        lists = listener_choices.access_lists(lb)
        self._choices("acl_id", [("", _("Choose a list")), *lists])
        if self.protocol == HTTP:
            choices = [("", _("Off"))]
            choices += [
                (str(one.port), f"{one} {one.description}".strip())
                for one in listener_choices.https_listeners(lb)
            ]
            self._choices("forward_port", choices)
        if self.protocol == HTTPS:
            certificates = listener_choices.server_certificates(lb)
            self._choices("server_certificate_id", [("", _("Choose a certificate")), *certificates])
            authorities = listener_choices.ca_certificates(lb)
            self._choices("ca_certificate_id", [("", _("Off")), *authorities])
            self._choices("tls_cipher_policy", tls_policies_for(lb))
            if not lb.spec:
                self.fields["tls_cipher_policy"].disabled = True
                self.fields["tls_cipher_policy"].help_text = _(
                    "Other policies need a guaranteed-performance instance."
                )

    def _only_what_can_change(self, listener: Listener) -> None:
        del self.fields["start"]
        if listener.backend_server_port is None:
            del self.fields["backend_port"]
        if self.protocol == HTTP and listener.forward_port is None:
            del self.fields["forward_port"]
        for name in {"listening_port", "backend_port", "forward_port"} & set(self.fields):
            self.fields[name].disabled = True
            self.fields[name].help_text = _(
                "The cloud does not change it on a listener that exists."
            )

    def watch_target(self, url: str) -> None:
        """In the wizard: whoever chooses other servers is shown them."""
        part = "#members"
        self.fields["target"].widget.attrs |= {
            "hx-post": url,
            "hx-vals": '{"intent": "show"}',
            "hx-trigger": "change",
            "hx-target": part,
            "hx-select": part,
            "hx-swap": "outerHTML",
        }

    # What is judged

    def full_clean(self) -> None:
        """Of a check that is off, or is not made by HTTP, nothing is asked."""
        if self.is_bound:
            if not self.is_checked:
                self._ask_not(*SECTIONS[CHECK])
            elif not self.checks_by_http:
                self._ask_not(*BY_HTTP)
            if self.forwards:
                self._ask_not(*SECTIONS[CHECK], "target")
        super().full_clean()

    def _ask_not(self, *names: str) -> None:
        for name in names:
            if name in self.fields:
                self.fields[name].required = False

    @property
    def forwards(self) -> bool:
        """Whether it sends its clients to HTTPS and serves nobody."""
        return "forward_port" in self.fields and bool(self["forward_port"].value())

    @property
    def is_checked(self) -> bool:
        if self.forwards:
            return False
        if "health_check" not in self.fields:
            return True
        value = self["health_check"].value()
        return value not in (False, None, "", "False", "off")

    @property
    def checks_by_http(self) -> bool:
        if self.protocol == TCP:
            return bool(self["health_check_type"].value() == "http")
        return self.protocol in LAYER_7

    def clean_listening_port(self) -> int:
        port: int = self.cleaned_data["listening_port"]
        if self._listener:
            return port
        if self.protocol == UDP and port in RESERVED_UDP_PORTS:
            raise ValidationError(_("The cloud keeps this port of UDP for itself."))
        if taken := listener_on_port(self.load_balancer, port, protocol=self.protocol):
            named = f" ({taken.description})" if taken.description else ""
            words = _("%(listener)s listens on this port already.")
            raise ValidationError(words % {"listener": f"{taken}{named}"})
        return port

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        on_pool = not self._listener and not self.forwards and values.get("target") == ""
        if on_pool and values.get("backend_port", 0) is None:
            words = _("Enter the port of the servers in Backend Servers, or choose a server group.")
            self.add_error("backend_port", words)
        check_session(self, values)
        if values.get("access", "off") != "off" and values.get("acl_id") == "":
            self.add_error("acl_id", _("Choose the list, or switch access control off."))
        for name in _NEVER_EMPTY_AGAIN:
            if values.get(name) == "" and getattr(self._held.settings, name, None):
                self.add_error(name, _("The cloud cannot take it away again; enter another one."))
        return values

    # What was entered

    @property
    def group(self) -> VServerGroup | None:
        return self.groups.get(self.cleaned_data["target"])

    @property
    def pair_id(self) -> str:
        target: str = self.cleaned_data["target"]
        return target.removeprefix(PAIR) if target.startswith(PAIR) else ""

    @property
    def port(self) -> int:
        port: int = self.cleaned_data["listening_port"]
        return port

    @property
    def spec(self) -> ListenerSpec:
        values = self.cleaned_data
        forward_port = values.get("forward_port")
        return ListenerSpec(
            settings=self._settings(),
            vserver_group=None if forward_port else self.group,
            master_slave_server_group_id="" if forward_port else self.pair_id,
            backend_server_port=None if forward_port else values.get("backend_port"),
            # The cloud cannot take a name away again, so there always is one.
            description=values["description"] or f"{self.protocol}_{self.port}",
            forward_port=forward_port,
        )

    @property
    def rows(self) -> Rows:
        """What was entered, as the rows of a conflict."""
        return spec_rows(self.spec)

    def _settings(self) -> ListenerSettings:
        values = self.cleaned_data
        controlled = values["access"] != "off"
        entered: dict[str, Any] = {
            **{name: values[name] for name in AS_THEY_ARE if name in values},
            **{name: "on" if values[name] else "off" for name in ON_OFF if name in values},
            "bandwidth": values["bandwidth"] or -1,
            "acl_status": "on" if controlled else "off",
            "acl_type": values["access"] if controlled else None,
            "acl_id": values["acl_id"] if controlled else None,
            **check_settings(values, is_on=self.is_checked, by_http=self.checks_by_http),
        }
        if not self.is_checked:
            entered["health_check"] = "off"
        elif self.protocol in LAYER_4 and "health_check" not in values:
            entered["health_check"] = "on"
        if "session" in values:
            entered |= session_settings(values)
        if self.protocol == TCP:
            timeout = values["connection_drain_timeout"]
            entered["connection_drain"] = "on" if timeout else "off"
            entered["connection_drain_timeout"] = timeout
        if self.protocol in LAYER_4:
            entered["proxy_protocol_v2"] = "true" if values["proxy_protocol_v2"] else "false"
        if self.protocol == HTTPS:
            entered["tls_cipher_policy"] = values["tls_cipher_policy"] or None
        if self.forwards and self._listener:
            # It serves nobody, so no check of it counts for anything: it stays as it is.
            entered = {name: v for name, v in entered.items() if not name.startswith("health")}
        known = SETTINGS[self.protocol].__dataclass_fields__
        return replace(
            self._held.settings, **{n: value for n, value in entered.items() if n in known}
        )

    # How it is laid out

    def _those(self, names: Iterable[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def basics(self) -> list[forms.BoundField]:
        return self._those(BASICS)

    @property
    def advanced(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The folded fields in groups, each with its legend."""
        groups = [
            (_("Session persistence"), SESSION),
            (_("Limits"), LIMITS),
            (_("Access control"), ACCESS_CONTROL),
            (_("Protocol"), SWITCHES),
            (_("Headers for the servers"), HEADERS),
        ]
        return [(legend, found) for legend, names in groups if (found := self._those(names))]

    @property
    def servers(self) -> list[forms.BoundField]:
        return self._those(SECTIONS[BACKEND])

    @property
    def advanced_wrong(self) -> bool:
        return any(name in self.errors for name in ADVANCED)

    @property
    def certificates(self) -> list[forms.BoundField]:
        return self._those(SECTIONS[CERTIFICATES])

    @property
    def check_fields(self) -> list[forms.BoundField]:
        """The fields of the health check, the switch and the codes apart."""
        apart = {"health_check", "health_check_codes"}
        return self._those(name for name in SECTIONS[CHECK] if name not in apart)

    @property
    def check_wrong(self) -> bool:
        return any(name in self.errors for name in SECTIONS[CHECK])


def _labels(groups: Mapping[str, VServerGroup]) -> list[tuple[str, str]]:
    """The groups by name; with the ID where only that tells two apart."""
    names = Counter(group.name for group in groups.values())
    return [(pk, _label(group, repeats=names[group.name] > 1)) for pk, group in groups.items()]


def _label(group: Any, *, repeats: bool) -> str:
    words: str = group.name or group.pk
    if group.name and repeats:
        words += f" ({group.pk})"
    if group.server_count:
        return words
    return _("%(group)s, no servers") % {"group": words}
