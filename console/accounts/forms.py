"""Forms about people."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from .models import User
from .permissions import Role

ROLE_CHOICES = [
    ("", gettext_lazy("No role: sees nothing")),
    (Role.VIEWER, gettext_lazy("Viewer: looks at load balancers, changes nothing")),
    (Role.OPERATOR, gettext_lazy("Operator: changes groups, listeners, rules and servers")),
    (Role.ADMINISTRATOR, gettext_lazy("Administrator: an operator who also manages people")),
]


def _check_password(form: forms.Form, user: User) -> None:
    """Put what the password rules say beside the field."""
    if password := form.cleaned_data.get("password"):
        try:
            password_validation.validate_password(password, user)
        except ValidationError as error:
            form.add_error("password", error)


class PersonForm(forms.Form):
    """A new account."""

    username = forms.CharField(
        label=gettext_lazy("Username"),
        max_length=150,
        error_messages={"required": gettext_lazy("Enter a user name.")},
        validators=User._meta.get_field("username").validators,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=ROLE_CHOICES, required=False, initial=Role.VIEWER
    )
    password = forms.CharField(
        label=gettext_lazy("Initial password"),
        strip=False,
        error_messages={"required": gettext_lazy("Enter a password to begin with.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "At least eight characters. Hand it over in person; they can change it."
        ),
    )

    def clean(self) -> dict[str, Any]:
        _check_password(self, User(username=self.cleaned_data.get("username", "")))
        return self.cleaned_data


class PersonChangeForm(forms.Form):
    """Somebody's role, whether they may sign in, a new password."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLE_CHOICES, required=False)
    is_active = forms.BooleanField(
        label=gettext_lazy("May sign in"),
        required=False,
        help_text=gettext_lazy(
            "Without it the person is signed out at once; the record of what they did stays."
        ),
    )
    password = forms.CharField(
        label=gettext_lazy("New password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Leave empty to keep the present one."),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean(self) -> dict[str, Any]:
        _check_password(self, self._person)
        return self.cleaned_data
