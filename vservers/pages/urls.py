"""Every page of the domain: nouns, and one verb at most."""

from django.urls import include, path

BALANCER = "regions/<str:region>/balancers/<str:balancer_id>/"

urlpatterns = [
    path("", include("vservers.pages.accounts.urls")),
    path("", include("vservers.pages.sync.urls")),
    path("", include("vservers.pages.drift.urls")),
    path("", include("vservers.pages.health.urls")),
    path("", include("vservers.pages.inspector.urls")),
    path("regions/<str:region>/", include("vservers.pages.history.urls")),
    path("regions/<str:region>/", include("vservers.pages.instances.urls")),
    path("regions/<str:region>/", include("vservers.pages.servers.urls")),
    path(BALANCER, include("vservers.pages.listeners.urls")),
    path(BALANCER, include("vservers.pages.rules.urls")),
    path(BALANCER, include("vservers.pages.monitoring.urls")),
    path(BALANCER, include("vservers.pages.who_gets.urls")),
    path(BALANCER, include("vservers.pages.pool.urls")),
    path(BALANCER, include("vservers.pages.group_dialog.urls")),
    path("regions/<str:region>/", include("vservers.pages.groups.urls")),
    path(BALANCER, include("vservers.pages.pairs.urls")),
    path(BALANCER, include("vservers.pages.extensions.urls")),
    path("regions/<str:region>/", include("vservers.pages.access_lists.urls")),
    path("regions/<str:region>/", include("vservers.pages.certificates.urls")),
    path("", include("vservers.pages.operations.urls")),
    path("", include("vservers.pages.batches.urls")),
    path("regions/<str:region>/", include("vservers.pages.housekeeping.urls")),
    path("", include("vservers.pages.procedures.urls")),
]
