"""What the servers of the bus say of themselves, put together: for `markethall status`."""

import asyncio
from collections.abc import Sequence
from typing import Any

from markethall.local.nats import EmbeddedNats

_STREAMS = "/jsz?streams=true&consumers=true&config=true"


async def report(nodes: Sequence[EmbeddedNats]) -> dict[str, Any]:
    """`nodes`, `streams`, and `leader`: the node that decides where streams are, null while there is none.

    A stream's numbers are its leader's, or where it has none those of a server that holds it.
    """
    answers = await asyncio.gather(*(node.ask(_STREAMS) for node in nodes))
    views = {node.replica: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}
    leaders = {_node(view.get("meta_cluster", {}).get("leader", "")) for view in views.values()}
    leader = next(iter(sorted(leaders - {None}, key=str)), None) if len(nodes) > 1 else nodes[0].replica
    return {
        "leader": leader,
        "nodes": [_node_report(node, views.get(node.replica), leader) for node in nodes],
        "streams": [_stream_report(*seen) for _, seen in sorted(_by_stream(views).items())],
    }


async def knows_leader(node: EmbeddedNats) -> bool:
    view = await node.ask("/jsz")
    return bool(view and view.get("meta_cluster", {}).get("leader"))


def _node_report(node: EmbeddedNats, view: dict[str, Any] | None, leader: str | None) -> dict[str, Any]:
    return {
        "node": node.replica,
        "state": "up" if view is not None else "silent",
        "role": None if view is None else ("leader" if node.replica == leader else "follower"),
        "address": node.url,
        "messages": view.get("messages", 0) if view else None,
        "bytes": view.get("bytes", 0) if view else None,
    }


def _by_stream(views: dict[str, dict[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each stream as its leader shows it, with the node that shows it."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for node, view in sorted(views.items()):
        for account in view.get("account_details", []):
            for stream in account.get("stream_detail", []):
                leads = _node(stream.get("cluster", {}).get("leader", "")) == node
                if leads or stream["name"] not in found:
                    found[stream["name"]] = (node, stream)
    return found


def _stream_report(seen_by: str, stream: dict[str, Any]) -> dict[str, Any]:
    state, cluster = stream["state"], stream.get("cluster", {})
    replicas = cluster.get("replicas", [])
    return {
        "stream": stream["name"],
        "leader": _node(cluster.get("leader", "")) if replicas else seen_by,
        "messages": state["messages"],
        "bytes": state["bytes"],
        "max_bytes": stream.get("config", {}).get("max_bytes", -1),
        "copies": 1 + len(replicas),
        "current": 1 + sum(bool(replica.get("current")) and not replica.get("offline") for replica in replicas),
        "lag": max((replica.get("lag", 0) for replica in replicas), default=0),
        "consumers": [
            {
                "consumer": consumer["name"],
                "waiting": consumer.get("num_pending", 0),
                "unacknowledged": consumer.get("num_ack_pending", 0),
                "redelivered": consumer.get("num_redelivered", 0),
            }
            for consumer in stream.get("consumer_detail") or []
            if consumer.get("config", {}).get("durable_name")
        ],
    }


def _node(server_name: str) -> str | None:
    """`markethall-2` is node 2."""
    return server_name.rpartition("-")[2] or None
