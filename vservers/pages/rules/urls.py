"""Forwarding rules of one listener."""

from django.urls import path

from . import views

RULES = "listeners/<str:protocol>/<int:port>/rules/"

urlpatterns = [
    path(RULES, views.rules_list, name="rules-list"),
    path(f"{RULES}new/", views.rules_new, name="rules-new"),
    path(f"{RULES}delete/", views.rules_delete_some, name="rules-delete-some"),
    path(f"{RULES}<str:rule_id>/edit/", views.rules_edit, name="rules-edit"),
    path(f"{RULES}<str:rule_id>/delete/", views.rules_delete, name="rules-delete"),
]
