"""Notes keep what they are made of, for each reader's language, so they have no length."""

from django.db import migrations

import console.shell.said


class Migration(migrations.Migration):
    dependencies = [("vservers", "0014_changes_index")]

    operations = [
        migrations.AlterField(model, name, console.shell.said.SaidField(blank=True))
        for model, name in (
            ("batchitem", "message"),
            ("operation", "note"),
            ("procedure", "note"),
            ("proceduremember", "note"),
        )
    ]
