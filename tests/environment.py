"""The test database, for processes that a test starts beside itself."""

import os
from urllib.parse import quote

from django.conf import settings
from django.db import connection


def environment_of_tests(**more: str) -> dict[str, str]:
    """The environment of a process on the test's own database, with the test's keys.

    The test must use transactional_db, or the process sees nothing of what it wrote.
    """
    values = connection.settings_dict
    password = f":{quote(values['PASSWORD'], safe='')}" if values.get("PASSWORD") else ""
    port = f"?port={values['PORT']}" if values.get("PORT") else ""
    url = (
        f"postgres://{values['USER']}{password}@{quote(values['HOST'], safe='')}"
        f"/{values['NAME']}{port}"
    )
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        "CONSOLE_ENCRYPTION_KEY": settings.ENCRYPTION_KEYS[0],
        **more,
    }
