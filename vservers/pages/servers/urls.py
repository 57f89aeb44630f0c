from django.urls import path

from . import views

urlpatterns = [
    path("servers/", views.server_list, name="servers-list"),
    path("servers/<str:server_id>/", views.server_detail, name="servers-detail"),
]
