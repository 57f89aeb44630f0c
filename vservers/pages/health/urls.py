"""Health of the servers of one instance, and what is wrong in a region."""

from django.urls import path

from . import views

urlpatterns = [
    path("regions/<str:region>/health/", views.health_region, name="health-region"),
    path(
        "regions/<str:region>/balancers/<str:balancer_id>/health/",
        views.health_list,
        name="health-list",
    ),
    path(
        "regions/<str:region>/balancers/<str:balancer_id>/health/refresh/",
        views.health_refresh,
        name="health-refresh",
    ),
]
