"""VServer groups of one instance, and of a whole region."""

from django.urls import path

from . import bulk, copy, delete, files, lists, views, weights

BALANCER = "balancers/<str:balancer_id>/"

urlpatterns = [
    path("groups/", lists.group_all, name="groups-all"),
    path("groups/tags/", bulk.group_tags, name="groups-tags"),
    path("groups/delete/", bulk.groups_delete_many, name="groups-delete-many"),
    path("groups/import/", files.group_import, name="groups-import"),
    path("groups/export.csv", files.group_export, {"kind": "csv"}, name="groups-export-csv"),
    path("groups/export.json", files.group_export, {"kind": "json"}, name="groups-export-json"),
    path("groups/weights/", weights.group_weights, name="groups-weights"),
    path(f"{BALANCER}groups/", lists.group_list, name="groups-list"),
    path(f"{BALANCER}groups/<str:group_id>/", views.group_detail, name="groups-detail"),
    path(f"{BALANCER}groups/<str:group_id>/members/", lists.group_members, name="groups-members"),
    path(f"{BALANCER}groups/<str:group_id>/refresh/", views.group_refresh, name="groups-refresh"),
    path(f"{BALANCER}groups/<str:group_id>/copy/", copy.group_copy, name="groups-copy"),
    path(f"{BALANCER}groups/<str:group_id>/delete/", delete.group_delete, name="groups-delete"),
]
