"""Which calls fill a page."""

from django.urls import path

from . import views

urlpatterns = [path("api-calls/", views.api_calls, name="inspector")]
