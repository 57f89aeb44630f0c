from django.urls import path

from . import views

urlpatterns = [
    path("groups/", views.group_list, name="groups-list"),
    path("groups/<str:group_id>/", views.group_detail, name="groups-detail"),
    path("groups/<str:group_id>/refresh/", views.group_refresh, name="groups-refresh"),
    path("groups/<str:group_id>/delete/", views.group_delete, name="groups-delete"),
]
