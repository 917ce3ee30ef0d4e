"""What costs time in each new reactor and is the same in all: templates and statements are compiled once.

Every test makes reactors of its own, and without this most of its time went into compiling what the test
before had compiled. It goes by what the two libraries offer for that: nothing of a test reaches another.
"""

from jinja2 import BytecodeCache


class Templates(BytecodeCache):
    """Compiled templates, by their sources."""

    def __init__(self):
        self._known = {}

    def load_bytecode(self, bucket):
        if (code := self._known.get((bucket.key, bucket.checksum))) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket):
        self._known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_TEMPLATES = Templates()
_ENGINES = {}


def store(made):
    """The store, whose statements need not be compiled again; compiled ones belong to a dialect."""
    engine = made._engine
    first = _ENGINES.setdefault(engine.dialect.name, engine)
    engine.dialect = first.dialect
    engine.update_execution_options(compiled_cache=first._compiled_cache)
    return made


def app(made):
    """The app of a reactor: its pages and its store."""
    made.jinja_env.bytecode_cache = _TEMPLATES
    store(made.extensions["reactor"].store)
    return made
