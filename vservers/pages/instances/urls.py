"""Instances of a region, one of them, and what is done to them."""

from django.urls import path

from . import acts, bulk, new, views

_ONE = "balancers/<str:balancer_id>/"

urlpatterns = [
    path("balancers/", views.balancers_list, name="balancers-list"),
    path("balancers/new/", new.balancers_new, name="balancers-new"),
    path("balancers/columns/", views.balancers_columns, name="balancers-columns"),
    path("balancers/bulk/<slug:act>/", bulk.bulk_act, name="balancers-bulk"),
    path("balancers/tag-keys/", views.balancers_tag_keys, name="balancers-tag-keys"),
    path("refresh/", views.region_refresh, name="region-refresh"),
    path(_ONE, views.balancers_detail, name="balancers-detail"),
    path(f"{_ONE}refresh/", views.balancers_refresh, name="balancers-refresh"),
    path(f"{_ONE}actions/", acts.balancers_actions, name="balancers-actions"),
    path(f"{_ONE}start/", acts.balancers_start, name="balancers-start"),
    path(f"{_ONE}stop/", acts.balancers_stop, name="balancers-stop"),
    path(f"{_ONE}rename/", acts.balancers_settings, {"which": "rename"}, name="balancers-rename"),
    path(
        f"{_ONE}protection/",
        acts.balancers_settings,
        {"which": "protection"},
        name="balancers-protection",
    ),
    path(f"{_ONE}spec/", acts.balancers_settings, {"which": "spec"}, name="balancers-spec"),
    path(
        f"{_ONE}bandwidth/",
        acts.balancers_settings,
        {"which": "bandwidth"},
        name="balancers-bandwidth",
    ),
    path(f"{_ONE}tags/", acts.balancers_tags, name="balancers-tags"),
    path(f"{_ONE}release/", acts.balancers_release, name="balancers-release"),
]
