from django.urls import path

from . import views

urlpatterns = [
    path("groups/new/", views.group_new, name="groups-new"),
    path("groups/<str:group_id>/edit/", views.group_edit, name="groups-edit"),
]
