"""python -m spacy luke demo PIPELINE"""

from __future__ import annotations

from typing import Optional

import typer
from spacy.cli._util import setup_gpu
from wasabi import msg

from ..errors import Errors


def demo_cli(
    pipeline: str = typer.Argument(..., help="Pipeline: a directory or an installed package"),
    host: str = typer.Option(
        "127.0.0.1", help="Address to listen on. Others than this machine's own let anyone who reaches it use the demo"
    ),
    port: int = typer.Option(5000, min=1, max=65535, help="Port; the next free one is taken"),
    max_chars: int = typer.Option(5000, min=1, help="Longest text"),
    url: Optional[str] = typer.Option(
        None, help="Where ids lead to, {} is the id; Wikidata and Wikipedia if not given"
    ),
    use_gpu: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """
    A page on this machine: a text, what the pipeline finds in it, the order in which mentions were linked, a search
    in the knowledge base, and new entities, that are linked to at once. Needs the extra demo; nothing is fetched
    from the network, nothing is written to the disk.
    """
    from spacy.util import find_available_port, load_model

    from ..demo import Demo, make_app
    from ..demo.app import LOCAL

    setup_gpu(use_gpu)
    is_local = host in LOCAL
    try:
        serve = _server()
        demo = Demo(load_model(pipeline), max_chars=max_chars, kb_url_template=url)
        app = make_app(demo, hosts=LOCAL if is_local else ("*",))
        port = find_available_port(port, host, auto_select=True)
    except (ValueError, OSError, ImportError) as error:
        msg.fail("No demo", str(error), exits=1)
    if not is_local:
        msg.warn(f"Anyone who reaches {host} can use this demo and add entities to it")
    msg.good(f"http://{f'[{host}]' if ':' in host else host}:{port}", "Stop it with Ctrl+C")
    serve(app, host=host, port=port, log_level="warning", limit_concurrency=32, timeout_keep_alive=5)


def _server():
    """uvicorn.run. RAISES ImportError LK736."""
    try:
        import uvicorn
    except ImportError as error:
        raise ImportError(Errors.LK736.format(package="uvicorn")) from error
    return uvicorn.run
