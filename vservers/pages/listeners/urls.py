"""Listeners of one instance."""

from django.urls import path

from . import access, views, wizard_views

LISTENER = "listeners/<str:protocol>/<int:port>/"

urlpatterns = [
    path("listeners/", views.listeners_list, name="listeners-list"),
    path("listeners/new/", wizard_views.listeners_new, name="listeners-new"),
    path(f"{LISTENER}edit/", views.listeners_edit, name="listeners-edit"),
    path(f"{LISTENER}start/", views.listeners_start, name="listeners-start"),
    path(f"{LISTENER}stop/", views.listeners_stop, name="listeners-stop"),
    path(f"{LISTENER}access/", access.listeners_access, name="listeners-access"),
    path(f"{LISTENER}delete/", views.listeners_delete, name="listeners-delete"),
]
