"""Django's settings, read from the environment by :mod:`hopback.portal.config`."""

from __future__ import annotations

import sys
from typing import Any

import structlog

from hopback.portal.config import database_of, read_configuration

CONFIGURATION = read_configuration()

SECRET_KEY = CONFIGURATION.django_secret()
DEBUG = False
ALLOWED_HOSTS = list(CONFIGURATION.allowed_hosts)
ROOT_URLCONF = "hopback.portal.urls"
INSTALLED_APPS = [
    "hopback.portal.audit",
    "hopback.portal.jobs",
    "hopback.portal.directory",
    "hopback.portal.tracebacks",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
TEMPLATES: list[dict[str, Any]] = []
DATABASES = {"default": database_of(CONFIGURATION)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LOGGING_CONFIG = None
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    # stdout belongs to what a command was asked for
    logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
)
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
