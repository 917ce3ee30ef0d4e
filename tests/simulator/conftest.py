"""A component's side of the small WeChat, for the tests of its rules."""

from random import Random

import pytest
import requests

from reactor.simulator.face import serve
from reactor.simulator.platform import Platform

COMPONENT = "wx00000000000000c0"
SECRET = "component-secret"
APPID = "wx0123456789abcdef"


class Clock:
    def __init__(self):
        self.now = 1_760_000_000.0

    def __call__(self):
        return self.now


class World:
    """A platform behind its face, and the calls a component makes."""

    def __init__(self, url, platform, clock, session):
        self.url, self.platform, self.clock, self.session = url, platform, clock, session

    def post(self, path, *, data=None, **query):
        return self.session.post(self.url + path, params=query, data=data, timeout=5).json()

    def get(self, path, **query):
        return self.session.get(self.url + path, params=query, timeout=5).json()

    def component(self, name, *, token=None, **body):
        query = {} if token is None else {"component_access_token": token}
        url = f"{self.url}/cgi-bin/component/{name}"
        return self.session.post(
            url, params=query, json={"component_appid": COMPONENT} | body, timeout=5
        ).json()

    def component_token(self):
        ticket = self.platform.issue_ticket()
        answer = self.component(
            "api_component_token", component_appsecret=SECRET, component_verify_ticket=ticket
        )
        return answer["component_access_token"]

    def authorize(self, appid=APPID, **words):
        return self.platform.authorize(appid, user_name=f"gh_{appid[2:14]}", nick_name="Noodles", **words)

    def query_auth(self, code, token=None):
        token = token or self.component_token()
        return self.component("api_query_auth", token=token, authorization_code=code)

    def tokens(self, appid=APPID, **words):
        info = self.query_auth(self.authorize(appid, **words))["authorization_info"]
        return info["authorizer_access_token"], info["authorizer_refresh_token"]

    def refresh(self, value, appid=APPID):
        return self.component(
            "api_authorizer_token",
            token=self.component_token(),
            authorizer_appid=appid,
            authorizer_refresh_token=value,
        )

    def release(self, token, data="{}"):
        return self.post("/wxa/release", data=data, access_token=token)

    def approve(self, version="1.0.0", appid=APPID):
        self.platform.submit_audit(appid, version, f"about {version}")
        return self.platform.approve(appid)


@pytest.fixture
def component_world():
    clock = Clock()
    platform = Platform(component_appid=COMPONENT, component_appsecret=SECRET, clock=clock, random=Random(7))
    with serve(platform) as face, requests.Session() as session:
        session.trust_env = False
        yield World(face.url, platform, clock, session)
