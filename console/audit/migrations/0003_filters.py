"""Indexes for the filters by act and by person, and for what these offer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_operation")]

    operations = [
        migrations.AddIndex(
            "auditentry",
            models.Index(fields=["verb", "-at"], name="audit_audit_verb_83e193_idx"),
        ),
        migrations.AddIndex(
            "auditentry",
            models.Index(fields=["actor_name", "-at"], name="audit_audit_actor_n_eb0fed_idx"),
        ),
    ]
