"""django-oauth-toolkit as an authorization server: opaque access tokens, introspection, ID tokens."""

import json
import os
import sys

import django
from django.conf import settings

GIVEN = json.loads(os.environ["OAUTH_TOOLKIT_SETTINGS"])
FIRST, *OTHERS = GIVEN["keys"]

settings.configure(
    SECRET_KEY="a key of tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": GIVEN["database"]}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    LOGIN_URL="/login",
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": FIRST,
        "OIDC_RSA_PRIVATE_KEYS_INACTIVE": OTHERS,
        "OIDC_ISS_ENDPOINT": GIVEN["issuer"],
        "PKCE_REQUIRED": False,
        "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
        "SCOPES": {"openid": "OpenID Connect", "predict": "call models"},
    },
)
django.setup()

from django.contrib.auth import login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402


def log_in(request):
    """A page that lets everybody in as Ada."""
    login(request, User.objects.get(username="ada"))
    return redirect(request.GET["next"])


urlpatterns = [
    path("login", log_in),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


def create(client_id, secret, grant):
    Application.objects.create(
        client_id=client_id,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=grant,
        redirect_uris="https://notebooks.example.com/callback",
        skip_authorization=True,
        algorithm=Application.RS256_ALGORITHM,
    )


if not os.path.exists(GIVEN["database"]):
    call_command("migrate", verbosity=0)
    User.objects.create_user("ada")
    create("notebooks", GIVEN["secret"], Application.GRANT_AUTHORIZATION_CODE)
    create("batch", GIVEN["secret"], Application.GRANT_CLIENT_CREDENTIALS)
    create("kserve-authz", GIVEN["secret"], Application.GRANT_CLIENT_CREDENTIALS)

if __name__ == "__main__":
    from wsgiref.simple_server import make_server

    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", GIVEN["port"], get_wsgi_application())
    print("listening", flush=True)
    sys.stdout.flush()
    server.serve_forever()
