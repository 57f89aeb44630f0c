"""Accounts of the cloud."""

from django.urls import path

from . import views

urlpatterns = [
    path("cloud-accounts/", views.accounts_list, name="cloud-accounts-list"),
    path("cloud-accounts/new/", views.accounts_new, name="cloud-accounts-new"),
    path("cloud-accounts/<int:account_id>/edit/", views.accounts_edit, name="cloud-accounts-edit"),
    path(
        "cloud-accounts/<int:account_id>/delete/",
        views.accounts_delete,
        name="cloud-accounts-delete",
    ),
]
