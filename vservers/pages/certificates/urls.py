"""Certificates of a region."""

from django.urls import path

from . import views

urlpatterns = [
    path("certificates/", views.server_list, name="certificates-list"),
    path("certificates/ca/", views.ca_list, name="certificates-ca"),
    path("certificates/refresh/", views.refresh, name="certificates-refresh"),
    path("certificates/new/", views.new_server, name="certificates-new"),
    path("certificates/ca/new/", views.new_ca, name="certificates-new-ca"),
    path("certificates/<str:certificate_id>/", views.detail, name="certificates-detail"),
    path("certificates/<str:certificate_id>/rename/", views.rename, name="certificates-rename"),
    path("certificates/<str:certificate_id>/delete/", views.delete, name="certificates-delete"),
]
