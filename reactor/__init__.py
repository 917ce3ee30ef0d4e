"""The release reactor: an approved WeChat mini program version goes live by itself."""

__version__ = "0.1.0"
