"""The jobs that a page has put into the queue, done as a worker does them."""

import time

from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


def work_off(name: str) -> None:
    """Do the waiting jobs of one task, within the test's own transaction."""
    task = app.tasks[name]
    for row in ProcrastinateJob.objects.filter(status="todo", task_name=name).order_by("pk"):
        context = JobContext(
            app=app,
            start_timestamp=time.time(),
            job=row.procrastinate_job,
            abort_reason=lambda: None,
        )
        task.func(*([context] if task.pass_context else []), **row.args)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [row.pk])
