from django.apps import AppConfig


class VserversConfig(AppConfig):
    name = "vservers"
    verbose_name = "VServer groups"

    def ready(self) -> None:
        from console.shell import navigation, regions

        from .pages.search import register_kinds
        from .selectors.balancers import region_options
        from .selectors.drift import open_count

        regions.register(region_options)
        navigation.register_count("drift-list", open_count)
        register_kinds()
