"""The operator's pages under /ops: server-rendered, behind one password, usable without JavaScript."""
