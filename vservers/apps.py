from django.apps import AppConfig


class VserversConfig(AppConfig):
    name = "vservers"
    verbose_name = "VServer groups"
