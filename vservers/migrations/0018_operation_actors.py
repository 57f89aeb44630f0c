"""Who has begun operations, without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vservers", "0017_regions_error")]

    operations = [
        migrations.AddIndex(
            "operation",
            models.Index(fields=["actor_name", "-id"], name="vservers_op_actor_n_8e15ed_idx"),
        ),
    ]
