"""The default server pool of one instance."""

from django.urls import path

from . import views

urlpatterns = [
    path("servers/", views.pool_list, name="pool-list"),
    path("servers/add/", views.pool_add, name="pool-add"),
    path("servers/weights/", views.pool_weights, name="pool-weights"),
    path("servers/remove/", views.pool_remove, name="pool-remove"),
]
