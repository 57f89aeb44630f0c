"""The console's addresses: nouns, and one verb at most."""

from django.urls import include, path

urlpatterns = [
    path("", include("console.shell.urls")),
    path("", include("console.accounts.urls")),
    path("", include("console.audit.urls")),
    path("", include("vservers.pages.urls")),
]

handler400 = "console.shell.views.bad_request"
handler403 = "console.shell.views.not_allowed"
handler404 = "console.shell.views.not_found"
handler500 = "console.shell.views.server_error"
