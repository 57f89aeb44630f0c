"""Which calls have touched an object, for its history: by what the rows of a call are of."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("vservers", "0013_procedures")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX operation_call_touched ON vservers_operationcall "
            "USING gin (changes jsonb_path_ops)",
            "DROP INDEX operation_call_touched",
        )
    ]
