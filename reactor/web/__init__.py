"""Flask and only Flask: callbacks, health and the JSON API. Nothing in here has a way to call WeChat."""
