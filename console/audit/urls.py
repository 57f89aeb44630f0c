"""The address of the activity page."""

from django.urls import path

from . import views

urlpatterns = [path("activity/", views.audit_list, name="audit-list")]
