"""A Django shop under a WSGI server: after some requests for /, the one for /record records the worker."""

import os
import sys

from django.conf import settings

settings.configure(
    SECRET_KEY="of no use", DEBUG=True, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}])

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.core.management import call_command
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.urls import path

import oracle

VISITORS = {}  # only grows


def page(request):
    if not VISITORS:
        call_command("migrate", verbosity=0)
    name = f"visitor {len(VISITORS)}"
    VISITORS[name] = User.objects.create_user(name)
    request.session["name"] = name
    return HttpResponse(f"{name}, {User.objects.count()} of them, {len(connection.queries)} queries")


def record(request):
    sys.setswitchinterval(1000)
    oracle.record(os.environ["ORACLE_RECORDING"])
    return HttpResponse("recorded")


urlpatterns = [path("", page), path("record", record)]
