"""What jobs say: logs, annotations, summaries."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from forge.actions.models.jobs import Job


class JobLog(models.Model):
    """The one byte stream of a job's current epoch."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="log")
    epoch = models.PositiveIntegerField(default=0)
    length = models.PositiveBigIntegerField(default=0)
    #: Bytes and lines that stand in sealed pages; the rest is in chunks.
    sealed_length = models.PositiveBigIntegerField(default=0)
    sealed_lines = models.PositiveBigIntegerField(default=0)
    #: Set by the final report.
    final_length = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    truncated = models.BooleanField(default=False)
    #: What is in force where the sealed pages end: {"colour": …, "groups": […]}.
    sealed_state = models.JSONField(default=dict)
    #: The whole stream stands in pages and its hash was compared.
    sealed_at = models.DateTimeField(null=True)
    #: At so many places a long line was cut for transport; null until the stream is sealed. See workflows.log_lines.
    joints = models.PositiveBigIntegerField(null=True)
    #: The stream does not match the hash that its runner stated.
    damaged = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(sealed_at=None, deleted_at=None), name="log_unsealed"),
        ]


class LogChunk(models.Model):
    """Bytes of the open tail, as they came."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField()
    data = models.BinaryField()
    #: How many bytes of the log these are, where they are packed (a zstd frame); null: they are not.
    unpacked = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "epoch", "offset"], name="chunk_offset")]


class SealedSpan(models.Model):
    """Up to ``end`` a stream stands in pages since then. The chunk rows before that go ten minutes later, and this.

    The rows themselves are not marked: whatever changes in one, SQLite writes all of its bytes anew.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    end = models.PositiveBigIntegerField()
    sealed_at = models.DateTimeField(db_index=True)


class LogPage(models.Model):
    """1,000 sealed lines in a blob, drawable alone: colour state and open groups at its start are kept.

    A blob holds several pages, each a zstd frame of its own: ``packed`` bytes at ``place``.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField()
    length = models.PositiveBigIntegerField()
    first_line = models.PositiveBigIntegerField()
    lines = models.PositiveIntegerField()
    first_time = models.CharField(max_length=32, blank=True, default="")
    colour = models.CharField(max_length=64, blank=True, default="")  # SGR parameters in force
    groups = models.JSONField(default=list)  # titles of the groups open here
    blob = models.CharField(max_length=255)
    place = models.PositiveBigIntegerField()
    packed = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "epoch", "number"], name="page_number")]
        indexes = [models.Index(fields=["job", "epoch", "offset"], name="page_offset")]


class Annotation(models.Model):
    """A notice, warning or failure that a step printed, or the engine's own word on a job."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="annotations")
    step = models.PositiveIntegerField()
    level = models.CharField(max_length=8)  # notice, warning, failure
    message = models.TextField()
    title = models.CharField(max_length=255, blank=True, default="")
    path = models.CharField(max_length=1024, blank=True, default="")
    start_line = models.PositiveIntegerField(null=True)
    end_line = models.PositiveIntegerField(null=True)
    start_column = models.PositiveIntegerField(null=True)
    end_column = models.PositiveIntegerField(null=True)
    log_offset = models.PositiveBigIntegerField(null=True)


class Summary(models.Model):
    """The Markdown that a step wrote to its summary file."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="summaries")
    step = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "step"], name="summary_once")]
