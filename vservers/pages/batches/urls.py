"""Bulk changes: what they would do, how far they are, and what became of each part."""

from django.urls import path

from . import views

urlpatterns = [
    path("batches/", views.batches_list, name="batches-list"),
    path("batches/<int:number>/", views.batches_detail, name="batches-detail"),
    path("batches/<int:number>/start/", views.batches_start, name="batches-start"),
    path("batches/<int:number>/discard/", views.batches_discard, name="batches-discard"),
    path("batches/<int:number>/stop/", views.batches_stop, name="batches-stop"),
]
