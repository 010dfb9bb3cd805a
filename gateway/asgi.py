"""What gunicorn loads."""

from gateway.app import create_app
from tasks.settings import Settings

app = create_app(Settings.load())
