"""Sign-in, one's own security, and the people. Of allauth only what this console offers."""

from allauth.account import views as account
from django.urls import include, path

from . import views

urlpatterns = [
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("people/", views.people_list, name="people-list"),
    path("people/new/", views.people_new, name="people-new"),
    path("people/<int:person_id>/edit/", views.people_edit, name="people-edit"),
]
