"""What a row keeps of a sentence, and each reader's language of it."""

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from console.shell.said import Said, gettext, in_source, joined, ngettext
from vservers.models import Batch, BatchItem, Operation
from vservers.services.errors import Gone, NotPossible

WEIGHT = "Somebody set its weight to %(weight)s meanwhile."


def read(sentence, language):
    with translation.override(language):
        return Said.of(sentence)


def test_a_sentence_is_read_in_the_readers_language_with_what_was_put_into_it():
    with translation.override("zh-hans"):
        said = gettext(WEIGHT) % {"weight": 7}
    assert "7" in said and "Somebody" not in said, "whoever is told at once reads it, too"
    assert read(said.stored, "en") == "Somebody set its weight to 7 meanwhile."
    assert read(said.stored, "zh-hans") == said
    assert in_source(said) == "Somebody set its weight to 7 meanwhile."


def test_a_word_within_a_sentence_is_read_in_that_language_too():
    stored = str(Gone("VServer group")).stored
    assert read(stored, "en") == "This VServer group does not exist any more."
    chinese = read(stored, "zh-hans")
    assert "虚拟服务器组" in chinese and "VServer" not in chinese
    choice = gettext("%(names)s and %(number)s more") % {
        "names": gettext_lazy("VServer group"),
        "number": 3,
    }
    assert "虚拟服务器组" in read(choice.stored, "zh-hans")


def test_numbers_choose_the_form_and_sentences_follow_each_other():
    translation.activate("en")
    one = ngettext("%(count)d server was added.", "%(count)d servers were added.", 2) % {"count": 2}
    assert read(one.stored, "en") == "2 servers were added."
    both = joined("", gettext("Nothing was changed."), one)
    assert read(both.stored, "en") == "Nothing was changed. 2 servers were added."
    assert read(both.stored, "zh-hans") != read(both.stored, "en")
    assert joined("", "") == ""
    assert joined("", one) is one


def test_the_text_of_an_error_still_knows_what_it_is_made_of():
    error = NotPossible(gettext(WEIGHT) % {"weight": 0})
    assert read(str(error).stored, "en") == "Somebody set its weight to 0 meanwhile."


@pytest.mark.parametrize("words", ["", "Throttling: not so fast, 100 %", '{"not": "ours"}'])
def test_what_the_cloud_or_an_older_console_said_stays_as_it_is(words):
    assert Said.of(words) == words
    assert Said.of(words).stored == words


def test_a_row_keeps_it_and_saving_it_again_in_another_language_changes_nothing(db):
    translation.activate("en")
    batch = Batch.objects.create(verb="change tags", region_id="cn-hangzhou")
    row = BatchItem(batch=batch, position=0, verb="change tags", load_balancer_id="lb-1")
    with translation.override("zh-hans"):
        row.message = gettext(WEIGHT) % {"weight": 7}
        row.save()
        row = BatchItem.objects.get()
        assert "Somebody" not in row.message
        row.save(update_fields=["message"])
    assert BatchItem.objects.get().message == "Somebody set its weight to 7 meanwhile."
    operation = Operation.objects.create(verb="x", region_id="r", note="Nothing was changed.")
    with translation.override("zh-hans"):
        assert Operation.objects.get(pk=operation.pk).note != "Nothing was changed."
