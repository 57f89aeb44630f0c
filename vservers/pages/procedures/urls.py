from django.urls import path

from . import starting, views

GROUP = "regions/<str:region>/balancers/<str:balancer_id>/groups/<str:group_id>/"

urlpatterns = [
    path("procedures/", views.procedure_list, name="procedures-list"),
    path("procedures/<int:number>/", views.procedure_detail, name="procedures-detail"),
    path("procedures/<int:number>/<str:wish>/", views.procedure_ask, name="procedures-ask"),
    path(
        "regions/<str:region>/servers/<str:server_id>/maintenance/",
        starting.maintenance_start,
        name="servers-maintenance",
    ),
    path(f"{GROUP}drain/", starting.drain_start, name="groups-drain"),
    path(f"{GROUP}shift/", starting.shift_start, name="groups-shift"),
]
