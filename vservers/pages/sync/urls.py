"""Runs of the sync."""

from django.urls import path

from . import views

urlpatterns = [
    path("sync/", views.sync_list, name="sync-list"),
    path("sync/places/<int:place_id>/start/", views.sync_start, name="sync-start"),
    path("sync/runs/<int:run_id>/cancel/", views.sync_cancel, name="sync-cancel"),
]
