"""The console's addresses: nouns, and one verb at most."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("console.accounts.urls")),
    path("", include("console.shell.urls")),
    path("", include("console.audit.urls")),
    path("", include("vservers.pages.urls")),
]
