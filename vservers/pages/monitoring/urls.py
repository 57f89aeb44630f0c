"""What has been measured of one instance."""

from django.urls import path

from . import views

urlpatterns = [
    path("monitoring/", views.monitoring_detail, name="monitoring-detail"),
    path("monitoring/numbers.csv", views.monitoring_csv, name="monitoring-csv"),
]
