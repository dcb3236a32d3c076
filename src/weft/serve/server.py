"""Run the application with uvicorn until SIGTERM or SIGINT."""

import signal
import socket

import uvicorn

from weft.errors import InputError
from weft.serve.app import create_app
from weft.serve.audit_cases import AuditCases
from weft.serve.audit_routes import AuditPage
from weft.serve.catalogue import ServedCatalogue
from weft.serve.index_follower import follow_index
from weft.serve.request_log import configure_logging, log_event
from weft.serve.settings import AuditFiles, ServedFiles, ServerSettings
from weft.serve.verdict_store import VerdictStore
from weft.tagging.verdicts import NO_VERDICTS, read_verdicts

_GRACE_SECONDS = 10
"""How long a stopping server goes on with the requests that it has accepted."""


def run_server(files: ServedFiles, audit_files: AuditFiles, settings: ServerSettings) -> None:
    """Load the catalogue, listen, and answer until the process is stopped.

    Raises:
        InputError: The address cannot be used.
        ContractError: A file is missing or breaks its contract.
        ModelError: The model cannot be loaded, or another model made the embeddings.
    """
    listener = _listen(settings)
    with listener:
        catalogue = ServedCatalogue(files)
        audit = open_audit(files, audit_files, catalogue)
        configure_logging()
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{host}:{listener.getsockname()[1]}/"
        # From here on connections wait in the queue of the socket until uvicorn accepts them.
        listener.listen(128)
        log_event("ready", url=url, photos=len(catalogue.search_index.photo_ids), model=catalogue.model.digest)
        config = uvicorn.Config(
            create_app(catalogue, settings, audit=audit),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_keep_alive=10,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        server = uvicorn.Server(config)

        def stop(*_: object) -> None:
            server.should_exit = True

        # uvicorn stops at the first signal, and then sends it again to the handler that it found: the process ends with
        # status 0, and a signal before uvicorn has its own handlers stops the server too.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        with follow_index(catalogue):
            server.run(sockets=[listener])
        audit.store.close()
        log_event("stopped")


def open_audit(files: ServedFiles, audit_files: AuditFiles, catalogue: ServedCatalogue) -> AuditPage:
    """Return the audit page; verdicts of before are merged into its store.

    Raises:
        ContractError: A file breaks its contract, or the store is none.
        InputError: The store cannot be written.
    """
    earlier = read_verdicts(audit_files.verdicts) if audit_files.verdicts.exists() else NO_VERDICTS
    cases = AuditCases.read(audit_files.audit, files.embeddings, catalogue.products, catalogue.tagger)
    store = VerdictStore(audit_files.verdict_store)
    store.merge(earlier)
    return AuditPage(cases, store, catalogue)


def _listen(settings: ServerSettings) -> socket.socket:
    """Return a socket with the address, so that an address in use is noticed before the model is loaded."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise InputError(f"--host {settings.host} --port {settings.port}: cannot listen there: {error}") from error
    return listener
