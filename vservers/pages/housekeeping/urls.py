"""What nobody needs, or what cannot work, of a region and of one instance."""

from django.urls import path

from . import views

urlpatterns = [
    path("housekeeping/", views.housekeeping_region, name="housekeeping-region"),
    path("housekeeping/remove/", views.housekeeping_remove, name="housekeeping-remove"),
    path(
        "balancers/<str:balancer_id>/housekeeping/",
        views.housekeeping_of,
        name="housekeeping-of",
    ),
]
