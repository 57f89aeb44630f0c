"""What happened to each kind of object."""

from django.urls import path

from . import views

BALANCER = "balancers/<str:balancer_id>/"
LISTENER = f"{BALANCER}listeners/<str:protocol>/<int:port>/"

urlpatterns = [
    path(f"{BALANCER}history/", views.history_balancer, name="history-balancer"),
    path(f"{LISTENER}history/", views.history_listener, name="history-listener"),
    path(f"{LISTENER}rules/<str:rule_id>/history/", views.history_rule, name="history-rule"),
    path(f"{BALANCER}groups/<str:group_id>/history/", views.history_group, name="history-group"),
    path("servers/<str:server_id>/history/", views.history_server, name="history-server"),
]
