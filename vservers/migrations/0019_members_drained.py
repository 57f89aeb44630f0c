"""Which groups have servers with weight 0, without reading all members."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vservers", "0018_operation_actors")]

    operations = [
        migrations.AddIndex(
            "member",
            models.Index(fields=["group"], name="member_drained", condition=models.Q(weight=0)),
        ),
    ]
