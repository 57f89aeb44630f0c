"""Access control lists of a region."""

from django.urls import path

from . import views

urlpatterns = [
    path("access-lists/", views.lists, name="access-lists-list"),
    path("access-lists/refresh/", views.refresh, name="access-lists-refresh"),
    path("access-lists/new/", views.new, name="access-lists-new"),
    path("access-lists/<str:acl_id>/", views.detail, name="access-lists-detail"),
    path("access-lists/<str:acl_id>/refresh/", views.refresh_one, name="access-lists-reread"),
    path("access-lists/<str:acl_id>/rename/", views.rename, name="access-lists-rename"),
    path("access-lists/<str:acl_id>/delete/", views.delete, name="access-lists-delete"),
    path("access-lists/<str:acl_id>/add/", views.add_one, name="access-lists-add"),
    path("access-lists/<str:acl_id>/add-many/", views.add_many, name="access-lists-add-many"),
    path("access-lists/<str:acl_id>/remove/", views.remove, name="access-lists-remove"),
]
