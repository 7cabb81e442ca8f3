"""Serve a model file over the OpenAI wires with llama.cpp; runs in an environment that has xllamacpp.

python serve_gguf.py MODEL.gguf PORT CONTEXT
"""

import signal
import sys
import time

import xllamacpp

given = xllamacpp.CommonParams()
given.model.path = sys.argv[1]
given.hostnames = ["127.0.0.1"] if isinstance(given.hostnames, list) else "127.0.0.1"
given.port, given.n_ctx, given.n_parallel = int(sys.argv[2]), int(sys.argv[3]), 1
given.use_jinja, given.warmup = True, False
# More threads than idle processors wait for each other longer than they work.
given.cpuparams.n_threads = given.cpuparams_batch.n_threads = 1
given.model_alias = {"local"} if isinstance(given.model_alias, set) else "local"
server = xllamacpp.Server(given)
print(server.listening_address, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    time.sleep(3600)
