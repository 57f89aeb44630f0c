"""Addresses that belong to no domain: the start, region and theme, health."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("regions/", views.choose_region, name="region-choose"),
    path("-/theme", views.choose_theme, name="theme-choose"),
    path("-/live", views.live, name="health-live"),
    path("-/ready", views.ready, name="health-ready"),
]
