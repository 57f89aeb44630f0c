"""Settings of the console. Every value has a default; `.env.example` lists the ones to set."""

import os
import secrets
import tomllib
from dataclasses import astuple
from pathlib import Path

import dj_database_url
from django.utils.csp import CSP

from console.runtime.keys import keep_private, local_cloud_key
from console.runtime.places import database_url

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
DATA_DIR = Path(os.environ.get("CONSOLE_DATA_DIR") or BASE_DIR / "var").resolve()


def _flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "")
    return default if value == "" else value.lower() in {"1", "true", "yes", "on"}


def _secret_key() -> str:
    """The key from the environment, or one made at the first start and kept in the data folder."""
    if key := os.environ.get("CONSOLE_SECRET_KEY"):
        return key
    path = DATA_DIR / "secret_key"
    if not path.exists():
        keep_private(path, secrets.token_urlsafe(50))
    return path.read_text().strip()


SECRET_KEY = _secret_key()
DEBUG = _flag("CONSOLE_DEBUG", False)
ALLOWED_HOSTS = os.environ.get("CONSOLE_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CONSOLE_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "console.accounts",
    "console.audit",
    "console.shell",
    "console.runtime",
    "vservers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "console.shell.middleware.RequestIdMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "console.shell.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "console.shell.middleware.ActorMiddleware",
    "console.shell.middleware.AccessMiddleware",
    "console.shell.middleware.RegionMiddleware",
    "console.shell.middleware.ToastMiddleware",
]

ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.shell.context.page",
            ],
        },
    },
]

# Unset, it is the embedded PostgreSQL of the data folder, which `manage.py up` starts.
DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or database_url(DATA_DIR),
        engine="django.db.backends.postgresql",
        # A database that was restarted costs nobody an error page.
        conn_health_checks=True,
    )
}
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
    "min_size": 1,
    "max_size": 8,
    "timeout": 10,
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_ADAPTER = "console.accounts.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
# Shared by every web process, so that the limits on failed sign-ins hold for all of them together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "console_cache",
    }
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "VServer Console"
# Behind a reverse proxy: how many of them add to X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("CONSOLE_PROXIES") or 0)

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "console.shell.finders.VendorFinder",
]
# The files that pages take from npm packages: address below static/ -> file.
_TABLER = BASE_DIR / "node_modules" / "@tabler" / "core" / "dist" / "css"
VENDOR_FILES = {
    "vendor/tabler.min.css": _TABLER / "tabler.min.css",
    "vendor/tabler.min.css.map": _TABLER / "tabler.min.css.map",
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
CSRF_FAILURE_VIEW = "console.shell.views.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _flag("CONSOLE_HTTPS", False)
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"

# The cloud: a URL for every product, or one with {product} and {region} in it, such as
# https://{product}.{region}.aliyuncs.com. Unset, it is the local cloud that `manage.py up` starts.
CLOUD_ENDPOINT = os.environ.get("CLOUD_ENDPOINT", "")
CLOUD_ACCESS_KEY_ID = os.environ.get("CLOUD_ACCESS_KEY_ID", "")
CLOUD_ACCESS_KEY_SECRET = os.environ.get("CLOUD_ACCESS_KEY_SECRET", "")
if not CLOUD_ENDPOINT:
    CLOUD_ENDPOINT = f"http://127.0.0.1:{os.environ.get('LOCALCLOUD_PORT') or 8001}"
    CLOUD_ACCESS_KEY_ID, CLOUD_ACCESS_KEY_SECRET = astuple(local_cloud_key(DATA_DIR))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "console.shell.logs.RequestIdFilter"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("CONSOLE_LOG_LEVEL", "INFO")},
}
