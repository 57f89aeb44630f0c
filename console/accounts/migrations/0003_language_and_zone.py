"""What a person prefers: a language and a time zone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_preference")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(blank=True, default="", max_length=20),
        ),
        migrations.AddField(
            model_name="user",
            name="time_zone",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]
