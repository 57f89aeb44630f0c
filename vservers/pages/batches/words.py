"""What a batch does, in words."""

from django.utils.translation import gettext as _

from vservers.models import Batch
from vservers.services import batch_verbs


def batch_verbs_in_words() -> dict[str, str]:
    """{verb of a batch: words}"""
    return {
        "set weights": _("Set weights"),
        "import groups": _("Import groups"),
        "change tags": _("Change tags"),
        "delete groups": _("Delete groups"),
        "remove members": _("Remove servers from groups"),
        batch_verbs.CREATE_INSTANCE: _("Create instances"),
        batch_verbs.START: _("Start instances"),
        batch_verbs.STOP: _("Stop instances"),
        batch_verbs.RELEASE: _("Release instances"),
        batch_verbs.TAG_INSTANCE: _("Change tags of instances"),
    }


def batch_words(batch: Batch) -> str:
    return batch_verbs_in_words().get(batch.verb, batch.verb)
