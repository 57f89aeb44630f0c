"""Why an account's list of regions could not be read: without it no run tells of the account."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vservers", "0016_drift_of_regions")]

    operations = [
        migrations.AddField("cloudaccount", "regions_tried_at", models.DateTimeField(null=True)),
        migrations.AddField("cloudaccount", "regions_error", models.JSONField(null=True)),
    ]
