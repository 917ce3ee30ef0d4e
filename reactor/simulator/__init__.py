"""A small WeChat for demonstrations and tests: its state, its calls, its HTTP face, its pusher.

Strict where WeChat is strict. It shares only the envelope with the reactor: what an errcode means is
written here again, so that both sides can be wrong only independently.
"""
