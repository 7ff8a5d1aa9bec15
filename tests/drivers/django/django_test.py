"""Django: migrate, models, atomic, bulk operations, server-side cursors with and without DISABLE_SERVER_SIDE_CURSORS, the psycopg pool."""

import datetime
import threading
import uuid
from decimal import Decimal
from urllib.parse import unquote

import django
from django.apps import AppConfig
from django.conf import settings

from checks import CONNECTIONS, DATABASE, LARGE, PARTS, check, expect, in_threads, raises, settle


def database(**more):
    options = more.pop("OPTIONS", {})
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": PARTS.hostname,
        "PORT": PARTS.port,
        "NAME": DATABASE,
        "USER": PARTS.username,
        "PASSWORD": unquote(PARTS.password),
        "CONN_MAX_AGE": 600,
        "OPTIONS": options,
        **more,
    }


class Polls(AppConfig):
    name, label, path = "__main__", "polls", "."


settings.configure(
    INSTALLED_APPS=["__main__.Polls", "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.postgres"],
    DATABASES={
        "default": database(),
        "no_cursors": database(DISABLE_SERVER_SIDE_CURSORS=True, TIME_ZONE="Asia/Tokyo"),
        "prepared": database(OPTIONS={"server_side_binding": True, "prepare_threshold": 2}),
        "pooled": database(CONN_MAX_AGE=0, OPTIONS={"pool": {"min_size": 2, "max_size": 10, "timeout": 60}}),
        "options": database(OPTIONS={"options": "-c search_path=django_schema,public -c statement_timeout=5000"}),
    },
    USE_TZ=True,
    TIME_ZONE="UTC",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.postgres.fields import ArrayField  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import IntegrityError, ProgrammingError, connection, connections, models, transaction  # noqa: E402
from django.db.models import Count, F, Sum  # noqa: E402


class Question(models.Model):
    text = models.CharField(max_length=200, unique=True)
    pub_date = models.DateTimeField(null=True)

    class Meta:
        app_label = "polls"
        db_table = "django_question"


class Choice(models.Model):
    question = models.ForeignKey(Question, on_delete=models.CASCADE)
    text = models.CharField(max_length=200)
    votes = models.IntegerField(default=0)

    class Meta:
        app_label = "polls"
        db_table = "django_choice"


class Everything(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    amount = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    data = models.JSONField(default=dict)
    tags = ArrayField(models.TextField(), default=list)
    blob = models.BinaryField(null=True)
    took = models.DurationField(null=True)
    day = models.DateField(null=True)

    class Meta:
        app_label = "polls"
        db_table = "django_everything"


NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)


with check("schema editor creates the tables"):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS django_choice, django_question, django_everything CASCADE")
    with connection.schema_editor() as editor:
        for model in (Question, Choice, Everything):
            editor.create_model(model)

with check("migrate, with Django's own migrations, and its system checks"):
    call_command("migrate", verbosity=0)
    call_command("check", databases=["default"], verbosity=0)
    User.objects.filter(username="ann").delete()
    User.objects.create_user("ann", "ann@example.org", "secret")
    expect(User.objects.get(username="ann").check_password("secret"), True)

settle()

with check("the tutorial: create, filter, update, related objects, delete"):
    question = Question.objects.create(text="What's new?", pub_date=NOON)
    expect(Question.objects.get(pk=question.pk).pub_date, NOON)
    question.text = "What's up?"
    question.save()
    question.choice_set.create(text="Not much")
    question.choice_set.create(text="The sky", votes=3)
    expect(Question.objects.filter(text__startswith="What").count(), 1)
    expect(list(Choice.objects.filter(question__pub_date__year=2024).order_by("pk").values_list("text", flat=True)), ["Not much", "The sky"])
    Choice.objects.filter(text="The sky").update(votes=F("votes") + 1)
    expect(Choice.objects.aggregate(Sum("votes"))["votes__sum"], 4)
    expect(Question.objects.annotate(n=Count("choice")).get().n, 2)
    expect(question.choice_set.filter(text__startswith="Not").delete()[0], 1)

with check("every field type, NULL, JSON and array lookups"):
    row = Everything.objects.create(
        amount=Decimal("1.500"), data={"a": {"b": [1, None]}}, tags=["x", 'y"z'], blob=b"\x00\xff", took=datetime.timedelta(days=2), day=NOON.date()
    )
    got = Everything.objects.get(data__a__b__0=1, tags__contains=["x"])
    expect((got.pk, got.amount, got.tags, bytes(got.blob), got.took, got.day), (row.pk, row.amount, row.tags, row.blob, row.took, row.day))
    Everything.objects.create()
    expect(Everything.objects.filter(amount__isnull=True, blob__isnull=True).count(), 1)

with check("atomic: commit, rollback, savepoints, on_commit, select_for_update"):
    called = []
    with transaction.atomic():
        transaction.on_commit(lambda: called.append("committed"))
        Question.objects.create(text="kept")
        with raises(IntegrityError, "23505"), transaction.atomic():
            Question.objects.create(text="kept")
        expect(Question.objects.select_for_update().get(text="kept").text, "kept")
    expect(called, ["committed"])
    with raises(ZeroDivisionError), transaction.atomic():
        Question.objects.create(text="lost")
        raise ZeroDivisionError
    expect(Question.objects.filter(text__in=["kept", "lost"]).count(), 1)

with check("an error outside and inside a transaction, then work goes on"):
    with raises(ProgrammingError, "42P01"), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    with raises(IntegrityError, "23505"), transaction.atomic():
        Question.objects.create(text="kept")
    expect(Question.objects.filter(text="kept").exists(), True)

with check("bulk_create, ignore_conflicts, update_conflicts, bulk_update, in_bulk"):
    made = Question.objects.bulk_create([Question(text=f"bulk {n}") for n in range(2000)], batch_size=500)
    expect(all(question.pk for question in made), True)
    Question.objects.bulk_create([Question(text="bulk 1"), Question(text="extra")], ignore_conflicts=True)
    again = [Question(text="bulk 2", pub_date=NOON)]
    Question.objects.bulk_create(again, update_conflicts=True, unique_fields=["text"], update_fields=["pub_date"])
    expect(Question.objects.filter(pub_date=NOON, text="bulk 2").count(), 1)
    for question in made[:100]:
        question.pub_date = NOON
    expect(Question.objects.bulk_update(made[:100], ["pub_date"]), 100)
    expect(len(Question.objects.in_bulk([question.pk for question in made])), 2000)

settle()

with check("iterator with a server-side cursor inside atomic"):
    with transaction.atomic():
        expect(sum(1 for _ in Question.objects.filter(text__startswith="bulk").iterator(chunk_size=100)), 2000)
        first, second = Question.objects.order_by("pk").iterator(chunk_size=10), Choice.objects.iterator(chunk_size=10)
        expect((next(first).text, next(second).text), ("What's up?", "The sky"))
        first.close()
        second.close()

with check("iterator outside of a transaction with DISABLE_SERVER_SIDE_CURSORS"):
    bulk = Question.objects.using("no_cursors").filter(text__startswith="bulk")
    expect(sum(1 for _ in bulk.iterator(chunk_size=100)), 2000)
    with transaction.atomic(using="no_cursors"):
        expect(sum(1 for _ in bulk.iterator(chunk_size=100)), 2000)

with check("the connection's time zone is the one of the settings, whichever server answers"):
    for _ in range(50):
        with connections["no_cursors"].cursor() as cursor:
            cursor.execute("SHOW TimeZone")
            expect(cursor.fetchone(), ("Asia/Tokyo",))

with check("server_side_binding and prepare_threshold: the same queries, many transactions"):
    for n in range(30):
        with transaction.atomic(using="prepared"):
            expect(Question.objects.using("prepared").get(text=f"bulk {n}").text, f"bulk {n}")
        expect(Question.objects.using("prepared").filter(text__in=[f"bulk {n}", "bulk 99"]).count(), 2)

with check("startup options: search_path and statement_timeout"):
    with connections["options"].cursor() as cursor:
        for _ in range(20):
            cursor.execute("SELECT current_setting('search_path'), current_setting('statement_timeout')")
            expect(cursor.fetchone(), ("django_schema,public", "5s"))

with check("raw SQL, executemany, iterator over a raw query"):
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO django_question (text) VALUES (%s)", [(f"raw {n}",) for n in range(100)])
        cursor.execute("SELECT count(*) FROM django_question WHERE text LIKE %s", ["raw %"])
        expect(cursor.fetchone(), (100,))
    expect(len(list(Question.objects.raw("SELECT * FROM django_question WHERE text LIKE %s", ["raw %"]))), 100)

with check("5 MB there and back"):
    payload = b"\x00\xfe" * (LARGE // 2)
    large = Everything.objects.create(blob=payload, data={"text": "x" * LARGE})
    large.refresh_from_db()
    expect(bytes(large.blob) == payload and large.data == {"text": "x" * LARGE}, True)

for alias in ("default", "pooled"):
    with check(f"{CONNECTIONS} threads on {alias!r}, ten requests each"):
        everyone_is_in = threading.Barrier(CONNECTIONS)

        def requests(worker, alias=alias):
            everyone_is_in.wait(30)
            try:
                for n in range(10):
                    text = f"{alias} {worker} {n}"
                    with transaction.atomic(using=alias):
                        question = Question.objects.using(alias).create(text=text)
                        question.choice_set.using(alias).create(text="yes", question=question)
                    if alias == "default":  # "pooled" may read on another connection than it wrote on
                        expect(Choice.objects.using(alias).filter(question__text=text).count(), 1)
                    else:
                        connections[alias].close()
            finally:
                connections[alias].close()

        in_threads(CONNECTIONS, requests)
        settle()
        expect(Choice.objects.filter(question__text__startswith=alias).count(), CONNECTIONS * 10)

connections["pooled"].close_pool()
