from django.apps import AppConfig


class VserversConfig(AppConfig):
    name = "vservers"
    verbose_name = "VServer groups"

    def ready(self) -> None:
        from console.shell import regions

        from .selectors.balancers import region_options

        regions.register(region_options)
