"""The way to the cloud that the settings name."""

from django.conf import settings

from vservers.cloud import Cloud, Credentials


def connect(region_id: str) -> Cloud:
    """One region of the cloud, for one service call: it keeps the record of what it wrote."""
    return Cloud(
        endpoint=settings.CLOUD_ENDPOINT,
        credentials=Credentials(settings.CLOUD_ACCESS_KEY_ID, settings.CLOUD_ACCESS_KEY_SECRET),
        region_id=region_id,
    )
