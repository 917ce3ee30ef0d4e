"""The baseline: a Flask view that reads the body and answers `success`, under the same gunicorn settings."""

from flask import Flask, Response, request


class NoBackground:
    """What config/gunicorn.conf.py starts and stops in every web process; here it is nothing."""

    def start(self):
        """Begin nothing."""

    def stop_working(self):
        """End nothing."""

    def stop(self):
        """End nothing."""


app = Flask(__name__)
app.extensions["reactor"] = NoBackground()


@app.get("/readyz")
def readyz():
    return "ok"


@app.post("/<path:anything>")
def receive(anything):
    request.get_data(cache=False)
    return Response(b"success", mimetype="text/plain")
