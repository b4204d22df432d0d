"""One settings file for three modes, chosen by SEVEN_ENV: demo, test or production (the default).

Every value that differs between installations comes from the environment. Nothing here starts a
server or touches the disk, so that a type checker or `collectstatic` may import it anywhere.
"""

from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import FileAwareEnv

from salesprocess import embedded, refusals, sign_on_settings
from salesprocess.lib.database import parse_database_url
from salesprocess.lib.logs import without_trace
from salesprocess.lib.time_limits import LIMITS

# Lets annotations such as ManyToManyField[…] and ModelForm[Deal] stand at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
# What stands in the file that `NAME_FILE` says goes for `NAME`: so secrets come from a store of them.
env = FileAwareEnv()

MODE = env.str("SEVEN_ENV", "production")
if MODE not in {"demo", "test", "production"}:
    raise ImproperlyConfigured(f"SEVEN_ENV is {MODE!r}; it must be demo, test or production.")
PRODUCTION = MODE == "production"

# Demo, tests and their embedded servers keep everything that they write in here.
STATE_DIR = env.path("SEVEN_STATE", BASE_DIR / ".state")

# Keys --------------------------------------------------------------------------------------------

# Public, therefore worthless; a production start refuses both.
PUBLIC_KEYS = {"demo": "demo-" + "only-" * 12, "test": "test-" + "only-" * 12}


SECRET_KEY = env.str("SECRET_KEY", "") or PUBLIC_KEYS.get(MODE, "")
# Former keys, still good for what was signed with them.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
if PRODUCTION:
    public = list(PUBLIC_KEYS.values())
    refusals.check_secret_key(SECRET_KEY, name="SECRET_KEY", public=public)
    for former in SECRET_KEY_FALLBACKS:
        refusals.check_secret_key(former, name="SECRET_KEY_FALLBACKS", public=public)
DEBUG = False

# Addresses ---------------------------------------------------------------------------------------

# Where people reach this installation; links in mails start with it.
SITE_URL = env.str("SITE_URL", "" if PRODUCTION else "http://localhost:8000").rstrip("/")
if not SITE_URL:
    raise ImproperlyConfigured("SITE_URL is not set, for instance https://crm.example.com")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
HTTPS = SITE_URL.startswith("https://")
# Health checks come from inside, by these two names.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [SITE_HOST, "localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [SITE_URL])
if PRODUCTION:
    refusals.check_addresses(SITE_URL, ALLOWED_HOSTS)

# Parts -------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.usersessions",
    "django_htmx",
    "django_filters",
    "csp",
    "salesprocess",
    "pipeline",
    "crm",
    "reports",
    "day",
    "exchange",
    "privacy",
    "demo",
]

MIDDLEWARE = [
    "salesprocess.lib.logs.number_requests",
    "pipeline.operations.middleware.Watched",
    "salesprocess.middleware.name_permissions",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "salesprocess.health.healthy_for_anybody",
    "salesprocess.middleware.keep_from_disk",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "salesprocess.lib.uploads.BoundUploads",
    "salesprocess.lib.request_text.RequestText",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "salesprocess.middleware.user_language",
    "pipeline.middleware.call_stages",
    "django_htmx.middleware.HtmxMiddleware",
    "salesprocess.middleware.htmx_sign_in",
    "salesprocess.middleware.renew_session",
    "pipeline.people.signing_in.note_last_seen",
    "salesprocess.middleware.SaysWhyNot",
    "salesprocess.lib.unsent.forget_accepted",
    "salesprocess.lib.unsent.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pipeline.people.signing_in.AsksToConfirm",
    "pipeline.people.signing_in.AsksForSecondFactor",
    # Directly before the view: what comes back from here is done, or undone.
    "salesprocess.middleware.OneEffectAndGone",
]

ROOT_URLCONF = "salesprocess.urls"
WSGI_APPLICATION = "salesprocess.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Two engines that share no folder. The order matters: the first engine that finds a name renders
# it, and Django's own folder must not be searched before Jinja2's.
TEMPLATES = [
    {
        "NAME": "jinja2",
        "BACKEND": "salesprocess.lib.jinja.Jinja2Pages",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "salesprocess.lib.jinja.environment",
            "context_processors": ["salesprocess.lib.unsent.csrf_with_reader"],
            "extensions": ["jinja2.ext.i18n"],
            "auto_reload": not PRODUCTION,
            "filters": {"shipped": "pipeline.process.framework.translated_text"},
        },
    },
    {
        "NAME": "django",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "allauth"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "salesprocess.lib.cookies.theme_of_browser",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Services ----------------------------------------------------------------------------------------


DATABASE_URL = env.str("DATABASE_URL", "")
REDIS_URL = env.str("REDIS_URL", "")
if PRODUCTION and not (DATABASE_URL and REDIS_URL):
    missing = "REDIS_URL" if DATABASE_URL else "DATABASE_URL"
    raise ImproperlyConfigured(f"{missing} is not set; production starts no server of its own.")
EMBEDDED = {"postgres": not DATABASE_URL, "valkey": not REDIS_URL}
DATABASE_URL = DATABASE_URL or embedded.database_url(STATE_DIR)
REDIS_URL = REDIS_URL or embedded.redis_url(STATE_DIR)

# What is asked again and again (salesprocess/lib/prepared.py) is planned once a connection. A pooler in
# transaction mode must know of such statements (PgBouncer from 1.21 on), or they are switched off.
PREPARED_STATEMENTS = env.bool("PREPARED_STATEMENTS", True)

# What kind of work this process does, which limits its connections: wsgi.py and manage.py say it.
WORK = env.str("SEVEN_WORK", "command" if MODE == "test" else "task")
if WORK not in LIMITS:
    raise ImproperlyConfigured(f"SEVEN_WORK is {WORK!r}; it must be one of {', '.join(LIMITS)}.")

DATABASES = {
    "default": {
        **parse_database_url(DATABASE_URL, prepared=PREPARED_STATEMENTS, limits=LIMITS[WORK]),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # A pooler in transaction mode gives each transaction another server connection.
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}

# As whom backups are made: PostgreSQL asks for a role that may REPLICATE.
BACKUP_DATABASE_URL = env.str("BACKUP_DATABASE_URL", "") or DATABASE_URL

CACHES = {
    "default": {
        "BACKEND": "salesprocess.lib.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "seven",
        "OPTIONS": {"socket_connect_timeout": 0.3, "socket_timeout": 0.3},
    }
}

SESSION_ENGINE = "django.contrib.sessions.backends.db"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path(
    "STATIC_ROOT", BASE_DIR / "staticfiles" if PRODUCTION else STATE_DIR / "static"
)
# What people upload: read by the web server and the workers, served to nobody by its address.
MEDIA_ROOT = env.path("MEDIA_ROOT", BASE_DIR / "media" if PRODUCTION else STATE_DIR / "media")
# The largest file that comes in at once.
IMPORT_MOST_BYTES = env.int("IMPORT_MOST_BYTES", 50_000_000)
IMPORT_MOST_ROWS = env.int("IMPORT_MOST_ROWS", 200_000)
IMPORT_MOST_COLUMNS = env.int("IMPORT_MOST_COLUMNS", 200)
# What is stored at a time, in bytes: of files to import, which go after a month, and of evidence.
IMPORT_STORED_BYTES_PER_PERSON = env.int("IMPORT_STORED_BYTES_PER_PERSON", 500_000_000)
IMPORT_STORED_BYTES = env.int("IMPORT_STORED_BYTES", 5_000_000_000)
EVIDENCE_STORED_BYTES_PER_PERSON = env.int("EVIDENCE_STORED_BYTES_PER_PERSON", 1_000_000_000)
EVIDENCE_STORED_BYTES = env.int("EVIDENCE_STORED_BYTES", 20_000_000_000)
# The clamd that each file is shown to before anything else is done with it; "" for none.
UPLOAD_SCANNER = env.str("UPLOAD_SCANNER", "")
refusals.check_scanner(UPLOAD_SCANNER)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
# Outside production files are served from where they lie: no collectstatic after an edit.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION

# Mail --------------------------------------------------------------------------------------------

_mail = env.dj_email_url("EMAIL_URL", "smtp://localhost:25" if PRODUCTION else "console://")
EMAIL_BACKEND = _mail.get("EMAIL_BACKEND", "")
if PRODUCTION:
    refusals.check_mail(EMAIL_BACKEND)
EMAIL_HOST = _mail["EMAIL_HOST"]
EMAIL_PORT = _mail["EMAIL_PORT"]
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"seven@{SITE_HOST}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# People ------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "pipeline.User"
# One alone: each hashes the password, and two tell by their time which accounts there are.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "salesprocess.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
# An admin enters the address; there is no sign-up that could claim somebody else's.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "reset_password": "salesprocess.accounts.ResetPasswordForm",
    "user_token": "salesprocess.accounts.ResetLinkForm",
}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
# For how long after signing in, or after confirming that it is oneself, exports, roles and second
# factors ask nothing again.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * env.int("REAUTHENTICATION_MINUTES", 15)

SOCIALACCOUNT_ADAPTER = "salesprocess.single_sign_on.SignOnAdapter"
SOCIALACCOUNT_PROVIDERS = sign_on_settings.providers(env, https_only=PRODUCTION)
# A link, not a form: the policy on forms holds for where they lead in the end, too.
SOCIALACCOUNT_LOGIN_ON_GET = True
# Who has an address of these domains comes in by single sign-on only.
SIGN_ON_ONLY_DOMAINS: list[str] = env.list("SIGN_ON_ONLY_DOMAINS", [])
# Whether who comes in so and is not known is added, as a salesperson of the organisation itself.
SIGN_ON_ADDS_PEOPLE: bool = env.bool("SIGN_ON_ADDS_PEOPLE", False)
# Whether the provider asks everybody for a second factor, though it does not say so.
SIGN_ON_ASKS_SECOND_FACTOR: bool = env.bool("SIGN_ON_ASKS_SECOND_FACTOR", False)
if SIGN_ON_ONLY_DOMAINS and not SOCIALACCOUNT_PROVIDERS:
    raise ImproperlyConfigured(
        "SIGN_ON_ONLY_DOMAINS is set, but no single sign-on: nobody comes in."
    )

MFA_ADAPTER = "salesprocess.second_factor.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "salesprocess.second_factor.ActivateAppForm",
    "authenticate": "salesprocess.second_factor.AuthenticateForm",
    "reauthenticate": "salesprocess.second_factor.ReauthenticateForm",
    "add_webauthn": "salesprocess.second_factor.AddPasskeyForm",
    "authenticate_webauthn": "salesprocess.second_factor.UsePasskeyForm",
    "login_webauthn": "salesprocess.second_factor.PasskeyAloneForm",
    "reauthenticate_webauthn": "salesprocess.second_factor.ConfirmByPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Seven"
# An address is entered by an admin. What allauth lists as not verified, it has copied there itself,
# also where a stranger has asked for a new password.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# For how many seconds a code of an app is taken before and after its half minute, for clocks that are off
# and people who type slowly (NIST SP 800-63B, 3.1.4); allauth looks at whole half minutes.
MFA_TOTP_TOLERANCE = 1
TOTP_GRACE_SECONDS = min(env.int("TOTP_GRACE_SECONDS", 10), 30)
# How long it takes to try a recovery code, for who has the database: PBKDF2 with SHA-512.
RECOVERY_CODE_ROUNDS = 1 if MODE == "test" else 210_000
# Browsers make passkeys over HTTPS only, and for localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS and SITE_HOST == "localhost"

# Attempts are limited by address; behind proxies it is the one that the outermost of ours has seen.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
if MODE == "test":
    ACCOUNT_RATE_LIMITS = False

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "pipeline.people.passwords.GuessableValidator"},
]
if MODE == "test":
    # A slow hash protects nobody in a test, and costs each of them a third of a second.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Headers -----------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Under TLS no other host can set them, and no plain connection (salesprocess/lib/cookies.py).
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}seven_session"
# Without work for so long, one signs in again.
SESSION_COOKIE_AGE = env.int("SESSION_IDLE_MINUTES", 14 * 24 * 60) * 60
# And after so long with work, too (NIST SP 800-63B); 0 is never.
SESSION_LONGEST_DAYS = env.int("SESSION_LONGEST_DAYS", 30)
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}seven_csrf"
MESSAGE_STORAGE = "salesprocess.lib.cookies.MessageStorage"
CSRF_FAILURE_VIEW = "salesprocess.errors.csrf_failure"
if PRODUCTION:
    # The proxy in front ends TLS and must set or drop this header itself.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = HTTPS
    # Who asks how it is comes from inside, without TLS.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
    # What other names below this one speak, and that it lasts for years, is not ours to say.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", False)
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# Words and time ----------------------------------------------------------------------------------

# Each language by its own name, as who looks for it reads it. Who is signed in has one of these
# (`User.language`), anybody else reads what the browser asks for.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}seven_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_HTTPONLY = True
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# Background work ---------------------------------------------------------------------------------

# Celery's own transport names a unix socket differently.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# Parts that are reached without TLS, over a network of the installation's own: their hosts.
PLAIN_HOSTS: list[str] = env.list("PLAIN_HOSTS", [])

# Operations --------------------------------------------------------------------------------------

# From how many seconds on a page is counted as slow; in tests how busy the machine is tells nothing.
SLOW_PAGE_SECONDS = env.float("SLOW_PAGE_SECONDS", 3600 if MODE == "test" else 1)
# Within how many seconds a page of figures is answered, or refused in words.
ANSWER_SECONDS = env.float("ANSWER_SECONDS", 3600 if MODE == "test" else 5)
# How many rows somebody may take away in files on one day, by role; 0 is any number.
EXPORT_ROWS_A_DAY = {
    "salesperson": env.int("EXPORT_ROWS_SALESPERSON", 20_000),
    "manager": env.int("EXPORT_ROWS_MANAGER", 100_000),
    "admin": env.int("EXPORT_ROWS_ADMIN", 0),
}
# What Prometheus sends to /metrics; without one there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# Logs --------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", "INFO" if PRODUCTION else "WARNING").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "salesprocess.lib.logs.OneLine",
            "format": "%(asctime)s %(levelname)s %(asked_by)s %(name)s %(message)s",
        }
    },
    "filters": {"without_trace": {"()": lambda: without_trace}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # Django's own handlers would mail errors, with what people typed, to addresses of ours.
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL},
        "django.request": {"filters": ["without_trace"]},
    },
}
