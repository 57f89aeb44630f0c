"""Settings of the console. Every value has a default; `.env.example` lists the ones to set."""

import json
import os
import secrets
import tomllib
from dataclasses import astuple
from pathlib import Path

import dj_database_url
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from console.runtime.keys import keep_private, local_cloud_key
from console.runtime.places import database_url

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
DATA_DIR = Path(os.environ.get("CONSOLE_DATA_DIR") or BASE_DIR / "var").resolve()


def _flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "")
    return default if value == "" else value.lower() in {"1", "true", "yes", "on"}


def _number(name: str, default: float) -> float:
    value = os.environ.get(name, "")
    try:
        number = float(value or default)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to a number, 0 or more.")
    return number


def _secret_key() -> str:
    """The key from the environment, or one made at the first start and kept in the data folder."""
    if key := os.environ.get("CONSOLE_SECRET_KEY"):
        return key
    path = DATA_DIR / "secret_key"
    if not path.exists():
        keep_private(path, secrets.token_urlsafe(50))
    return path.read_text().strip()


def _encryption_keys() -> list[str]:
    """What secrets are encrypted with at rest: the first encrypts, the second decrypts too."""
    given = [os.environ.get(f"CONSOLE_ENCRYPTION_KEY{slot}", "") for slot in ("", "_OLD")]
    for slot, key in zip(("", "_OLD"), given, strict=True):
        try:
            Fernet(key or Fernet.generate_key())
        except ValueError:
            raise ImproperlyConfigured(
                f"CONSOLE_ENCRYPTION_KEY{slot} must be 32 bytes in URL-safe base64, as made by: "
                "openssl rand -base64 32 | tr +/ -_"
            ) from None
    if not given[0]:
        path = DATA_DIR / "encryption_key"
        if not path.exists():
            keep_private(path, Fernet.generate_key().decode())
        given[0] = path.read_text().strip()
    return [key for key in given if key]


SECRET_KEY = _secret_key()
ENCRYPTION_KEYS = _encryption_keys()
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
    "procrastinate.contrib.django",
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
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "console.shell.preferences.PreferencesMiddleware",
    "console.shell.once.OnceMiddleware",
    "console.shell.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "console.shell.middleware.ActorMiddleware",
    "console.shell.middleware.AccessMiddleware",
    "console.shell.middleware.NullCharacterMiddleware",
    "vservers.pages.middleware.RefusalMiddleware",
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
    # The rows of long lists, *.jinja: asked for by name, with {% jinja %}.
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"environment": "console.shell.jinja.environment"},
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
        # Of any number of entries but few, for what is culled is not the oldest.
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "VServer Console"
# Behind a reverse proxy: how many of them add to X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("CONSOLE_PROXIES") or 0)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "language"
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
_UPLOT = BASE_DIR / "node_modules" / "uplot" / "dist"
VENDOR_FILES = {
    "vendor/tabler.min.css": _TABLER / "tabler.min.css",
    "vendor/tabler.min.css.map": _TABLER / "tabler.min.css.map",
    "vendor/uplot.min.css": _UPLOT / "uPlot.min.css",
    "vendor/uplot.iife.min.js": _UPLOT / "uPlot.iife.min.js",
}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

DEFAULT_EXCEPTION_REPORTER = "console.shell.redaction.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "console.shell.redaction.ReporterFilter"

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
# A group of 400 rows posts six fields for each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
CSRF_FAILURE_VIEW = "console.shell.views.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _flag("CONSOLE_HTTPS", False)

# The cloud: a URL for every product, or one with {product} and {region} in it, such as
# https://{product}.{region}.aliyuncs.com. Unset, it is the local cloud that `manage.py up` starts.
CLOUD_ENDPOINT = os.environ.get("CLOUD_ENDPOINT", "")
CLOUD_ACCESS_KEY_ID = os.environ.get("CLOUD_ACCESS_KEY_ID", "")
CLOUD_ACCESS_KEY_SECRET = os.environ.get("CLOUD_ACCESS_KEY_SECRET", "")
if not CLOUD_ENDPOINT:
    CLOUD_ENDPOINT = f"http://127.0.0.1:{os.environ.get('LOCALCLOUD_PORT') or 8001}"
    CLOUD_ACCESS_KEY_ID, CLOUD_ACCESS_KEY_SECRET = astuple(local_cloud_key(DATA_DIR))
    # It is this machine's own: nobody else needs its time.
    ENVIRONMENT_PACES = {"read": 0, "write": 0, "CreateVServerGroup": 0}
else:
    ENVIRONMENT_PACES = {}
# Calls per second of one account, over all processes: by action, else by kind; 0: no limit. The
# vendor documents 90 CreateVServerGroup a minute; the others are what it takes in practice.
CLOUD_PACES = {
    "read": _number("CLOUD_READS_PER_SECOND", 10),
    "write": _number("CLOUD_WRITES_PER_SECOND", 1.5),
    "CreateVServerGroup": _number("CLOUD_GROUPS_PER_SECOND", 1.4),
}

# Seconds between two syncs, of a kind and of one region of an account; 0: none by itself.
SYNC_SECONDS = _number("SYNC_SECONDS", 60)
FULL_SYNC_SECONDS = _number("FULL_SYNC_SECONDS", 3600)
# Within which time each group is read with its servers, also where nothing tells of a change.
SYNC_GROUP_DUE_SECONDS = _number("SYNC_GROUP_DUE_SECONDS", 1800)
# Within which time the lists that rarely change are read: servers and listeners.
SYNC_SERVERS_DUE_SECONDS = _number("SYNC_SERVERS_DUE_SECONDS", 300)
# For how long what the cloud no longer has is kept, marked as gone.
SYNC_GRACE_SECONDS = _number("SYNC_GRACE_SECONDS", 7 * 24 * 3600)
# Calls under way at once while a region is read.
SYNC_READERS = int(_number("SYNC_READERS", 4))

# How often a maintenance, a drain or a shift that is under way is looked at; for how long drained
# servers have no connection before they are removed; the shortest pause between steps of a shift.
PROCEDURE_POLL_SECONDS = _number("PROCEDURE_POLL_SECONDS", 5)
DRAIN_QUIET_SECONDS = _number("DRAIN_QUIET_SECONDS", 10)
SHIFT_LEAST_PAUSE_SECONDS = int(_number("SHIFT_LEAST_PAUSE_SECONDS", 5))

# Jobs under way at once in one worker.
WORKER_CONCURRENCY = int(_number("WORKER_CONCURRENCY", 4)) or 1

# Who else manages load balancers, groups and servers, and by which marks that is seen: patterns
# with * and ? for names, for tags and for keys in descriptions, as "key" or "key=value".
OWNER_RULES = [
    {
        "owner": "Kubernetes",
        "names": ["k8s/*"],
        "tags": ["kubernetes.do.not.delete", "ack.aliyun.com*", "kubernetes.io/*", "ack.*"],
        "descriptions": ["k8s/*", "kubernetes.io/*", "kubernetes.do.not.delete"],
    },
    {
        "owner": "Auto Scaling",
        "names": [],
        "tags": ["acs:autoscaling:*"],
        "descriptions": ["acs:autoscaling:*", "scalingGroupId"],
    },
    {
        "owner": "Terraform",
        "names": [],
        "tags": ["terraform*", "Terraform*", "*managed*by=[Tt]erraform", "Created*=TF"],
        "descriptions": ["terraform", "*managed*by=[Tt]erraform"],
    },
]
if rules_file := os.environ.get("OWNER_RULES_FILE"):
    OWNER_RULES = json.loads(Path(rules_file).read_text())

# Tasks are found in vservers/jobs.py; a web process only puts them into the queue.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "console.shell.logs.RequestIdFilter"}},
    "formatters": {
        "line": {
            "()": "console.shell.redaction.RedactingFormatter",
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    # What it tells of each job is for people who look after the queue.
    "loggers": {"procrastinate": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": os.environ.get("CONSOLE_LOG_LEVEL", "INFO")},
}
