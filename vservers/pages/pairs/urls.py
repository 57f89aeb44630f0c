"""Primary/secondary groups of one instance."""

from django.urls import path

from . import views

urlpatterns = [
    path("primary-secondary/", views.pairs, name="pairs-list"),
    path("primary-secondary/refresh/", views.refresh, name="pairs-refresh"),
    path("primary-secondary/new/", views.new, name="pairs-new"),
    path("primary-secondary/<str:group_id>/delete/", views.delete, name="pairs-delete"),
]
