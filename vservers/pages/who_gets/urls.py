from django.urls import path

from . import views

LISTENER = "listeners/<str:protocol>/<int:port>/"

# Named as the forwarding rules are: the menu marks the listeners on both.
urlpatterns = [
    path(f"{LISTENER}who-gets/", views.who_gets_page, name="rules-who-gets"),
    path(f"{LISTENER}who-gets/send/", views.who_gets_send, name="rules-who-gets-send"),
]
