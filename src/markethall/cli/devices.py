"""`markethall devices`: how MQTT devices reach a running shop, and as whom."""

from shlex import quote
from urllib.parse import urlsplit

import msgspec
import typer

from markethall.cli.connection import DEFAULT_DATA, DataOption, JsonOption
from markethall.cli.exits import Exit, fail, run
from markethall.local.control import ask
from markethall.local.errors import LocalError
from markethall.local.folder import DataFolder


class Entrance(msgspec.Struct, frozen=True):
    """`urls`: of each server of the bus; none where MQTT is off."""

    urls: list[str]
    user: str
    password: str


def devices(data: DataOption = DEFAULT_DATA, json: JsonOption = False) -> None:
    """Where devices reach the bus by MQTT, with which user and password, and commands to try it."""
    folder = DataFolder(data)
    try:
        entrance = msgspec.convert(run(ask(folder, "devices"), json=json), Entrance)
    except (LocalError, OSError) as error:
        fail(str(error), Exit.UNREACHABLE, json=json)
    if json:
        typer.echo(msgspec.json.encode(entrance))
        return
    if not entrance.urls:
        fail("MQTT is off: `markethall up --mqtt-port 0` takes any free port", Exit.REFUSED)
    typer.echo(f"{', '.join(entrance.urls)}  user {entrance.user}  password {entrance.password}\n")
    for line in examples(entrance):
        typer.echo(line)


def examples(entrance: Entrance) -> list[str]:
    """Commands of Debian's mosquitto-clients."""
    where = urlsplit(entrance.urls[0])
    who = f"-h {where.hostname} -p {where.port} -u {entrance.user} -P {quote(entrance.password)} -q 1"
    place = '{"key": "my-first", "lines": [{"sku": "SKU", "quantity": 1}]}'
    return [
        f"mosquitto_sub {who} -v -t 'markethall/orders/status/#' -t 'markethall/stock/#'",
        f"mosquitto_pub {who} -t markethall/orders/place -m {quote(place)}",
        f"""mosquitto_pub {who} -t markethall/orders/cancel -m '{{"order_id": "ID"}}'""",
    ]
