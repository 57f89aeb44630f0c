"""The domains of an HTTPS listener."""

from django.urls import path

from . import views

LISTENER = "listeners/https/<int:port>/domains/"

urlpatterns = [
    path(LISTENER, views.extensions, name="extensions-list"),
    path(f"{LISTENER}new/", views.new, name="extensions-new"),
    path(f"{LISTENER}<str:extension_id>/edit/", views.edit, name="extensions-edit"),
    path(f"{LISTENER}<str:extension_id>/delete/", views.delete, name="extensions-delete"),
]
