"""Addresses that belong to no domain: the start, region and theme, health."""

from django.urls import path

from . import preferences_views, search_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("regions/", views.choose_region, name="region-choose"),
    path("search/", search_views.search_all, name="search"),
    path("search/quick/", search_views.search_quick, name="search-quick"),
    path("preferences/", preferences_views.preferences, name="preferences"),
    path("-/language", preferences_views.choose_language, name="language-choose"),
    path("-/theme", views.choose_theme, name="theme-choose"),
    path("-/live", views.live, name="health-live"),
    path("-/ready", views.ready, name="health-ready"),
]
