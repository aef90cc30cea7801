"""A Django project in one file: models, views, templates, sqlite in memory, after some requests."""

import sys

try:
    import django
except ImportError:
    print("skip: no Django for this interpreter")
    sys.exit()

from django.conf import settings

settings.configure(
    SECRET_KEY="of no use", DEBUG=True, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                    "django.contrib.messages", "django.contrib.admin"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
        "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                               "django.contrib.messages.context_processors.messages"]}}],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", STATIC_URL="/static/")
django.setup()

from django import forms
from django.contrib import admin
from django.core.management import call_command
from django.db import connection, models
from django.http import HttpResponse, JsonResponse
from django.template import Context, Template
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import path
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

import oracle


class Customer(models.Model):
    name = models.CharField(max_length=100, help_text=gettext_lazy("name"))
    joined = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "shop"


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    price = models.DecimalField(max_digits=10, decimal_places=2)
    notes = models.JSONField(default=dict)

    class Meta:
        app_label = "shop"
        ordering = ["-price"]


class OrderForm(forms.ModelForm):
    class Meta:
        model = Order
        fields = ["customer", "price"]


cache = {}
template = Template("{% for order in orders %}{{ order.customer.name|upper }}: {{ order.price }}\n{% endfor %}")


def orders(request):
    found = Order.objects.select_related("customer").all()[:50]
    cache[len(cache)] = list(found)
    return HttpResponse(template.render(Context({"orders": found, "request": request})))


def totals(request):
    return JsonResponse({"sum": str(Order.objects.aggregate(models.Sum("price"))["price__sum"])})


urlpatterns = [path("orders/", orders), path("totals/", totals), path("admin/", admin.site.urls)]
admin.site.register(Customer)

setup_test_environment()
call_command("migrate", verbosity=0, run_syncdb=True)
with connection.schema_editor() as editor:
    for model in (Customer, Order):
        if model._meta.db_table not in connection.introspection.table_names():
            editor.create_model(model)
customers = [Customer.objects.create(name=f"customer {i}") for i in range(50)]
for i in range(500):
    Order.objects.create(customer=customers[i % 50], price=i, notes={"number": i, "tags": ["a", i]})
client = Client()
responses = [client.get(where) for where in ("/orders/", "/totals/", "/admin/", "/orders/?page=2")]
form = OrderForm({"customer": customers[0].pk, "price": "12.50"})
form.is_valid()
lazy = SimpleLazyObject(lambda: customers[0])
lazy.name
never = SimpleLazyObject(lambda: 1 / 0)

oracle.record(sys.argv[1])
