"""What a load balancer is told beside its name: billing, protection, resource group."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vservers", "0004_accounts_runs_drift")]

    operations = [
        migrations.AddField("loadbalancer", name, field)
        for name, field in [
            ("bandwidth", models.IntegerField(null=True)),
            ("charge_type", models.CharField(blank=True, default="", max_length=20)),
            ("delete_protection", models.CharField(blank=True, default="", max_length=5)),
            (
                "internet_charge_type",
                models.CharField(
                    blank=True,
                    default="",
                    choices=[("paybytraffic", "By traffic"), ("paybybandwidth", "By bandwidth")],
                    max_length=20,
                ),
            ),
            ("ip_version", models.CharField(blank=True, default="", max_length=10)),
            ("modification_protection", models.CharField(blank=True, default="", max_length=20)),
            (
                "modification_protection_reason",
                models.CharField(blank=True, default="", max_length=80),
            ),
            (
                "pay_type",
                models.CharField(
                    blank=True,
                    default="",
                    choices=[("PayOnDemand", "Pay-as-you-go"), ("PrePay", "Subscription")],
                    max_length=20,
                ),
            ),
            ("resource_group_id", models.CharField(blank=True, default="", max_length=60)),
        ]
    ]
