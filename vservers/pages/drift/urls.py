"""Drift."""

from django.urls import path

from . import views

urlpatterns = [
    path("drift/", views.drift_list, name="drift-list"),
    path("drift/accept/", views.drift_accept_several, name="drift-accept-several"),
    path("drift/<int:drift_id>/accept/", views.drift_accept, name="drift-accept"),
    path("drift/<int:drift_id>/revert/", views.drift_revert, name="drift-revert"),
]
