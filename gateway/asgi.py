"""What gunicorn loads."""

from gateway.app import create_app
from tasks.config.settings import Settings

app = create_app(Settings.load())
