import os

from django.core.asgi import get_asgi_application

os.environ["SEVEN_WORK"] = "page"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesprocess.settings")
application = get_asgi_application()
