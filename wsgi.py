"""The web process: `gunicorn -c config/gunicorn.conf.py wsgi:app`."""

from reactor.bootstrap import wsgi_app

app = wsgi_app()
