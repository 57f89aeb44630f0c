"""What was sent to the cloud, and what became of it."""

from django.urls import path

from . import views

urlpatterns = [
    path("operations/", views.operations_list, name="operations-list"),
    path(
        "regions/<str:region>/balancers/<str:balancer_id>/operations/",
        views.operations_of,
        name="operations-of",
    ),
    path("operations/<int:number>/", views.operations_detail, name="operations-detail"),
    path("operations/<int:number>/retry/", views.operations_retry, name="operations-retry"),
    path("operations/<int:number>/undo/", views.operations_undo, name="operations-undo"),
]
