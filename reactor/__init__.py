"""The release reactor: an approved WeChat mini program version goes live by itself."""
