from django.apps import AppConfig


class VserversConfig(AppConfig):
    name = "vservers"
    verbose_name = "VServer groups"

    def ready(self) -> None:
        from console.shell import regions

        from .pages.search import register_kinds
        from .selectors.overview import overview

        regions.register(overview)
        register_kinds()
