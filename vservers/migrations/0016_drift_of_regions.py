import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vservers", "0015_said")]

    operations = [
        migrations.AddField(
            model_name="drift",
            name="account",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="vservers.cloudaccount",
            ),
        ),
        migrations.AlterField(
            model_name="drift",
            name="load_balancer_id",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AlterField(
            model_name="drift",
            name="object_id",
            field=models.CharField(max_length=120),
        ),
        migrations.AlterField(
            model_name="drift",
            name="object_type",
            field=models.CharField(
                choices=[
                    ("balancer", "Instance"),
                    ("pool", "Backend servers"),
                    ("group", "VServer group"),
                    ("listener", "Listener"),
                    ("rule", "Forwarding rule"),
                    ("pair", "Primary/secondary group"),
                    ("extension", "Domain extension"),
                    ("certificate", "Server certificate"),
                    ("ca", "CA certificate"),
                    ("access list", "Access control list"),
                ],
                max_length=12,
            ),
        ),
    ]
