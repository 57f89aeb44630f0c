"""Instances of a region, and one of them."""

from django.urls import path

from . import views

urlpatterns = [
    path("balancers/", views.balancers_list, name="balancers-list"),
    path("refresh/", views.region_refresh, name="region-refresh"),
    path("balancers/<str:balancer_id>/", views.balancers_detail, name="balancers-detail"),
    path("balancers/<str:balancer_id>/refresh/", views.balancers_refresh, name="balancers-refresh"),
]
