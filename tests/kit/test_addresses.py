import pytest

from markethall.kit.addresses import address_towards, url_of
from markethall.kit.settings import Settings, WrongSetting


@pytest.mark.parametrize(
    "bus", ["nats://127.0.0.1:4222", "nats://a:b@127.0.0.1", "nats://nowhere.invalid:4222, nats://127.0.0.1:4222"]
)
def test_a_replica_is_reached_in_the_network_of_the_bus(bus: str) -> None:
    assert address_towards(bus) == "127.0.0.1"


def test_a_bus_that_nobody_knows_is_named() -> None:
    with pytest.raises(WrongSetting, match=r"MARKETHALL_HOST is missing.*nowhere\.invalid"):
        address_towards("nats://orders:secret@nowhere.invalid:4222")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://127.0.0.1:80"),
        ("10.1.2.3", "http://10.1.2.3:80"),
        ("::1", "http://[::1]:80"),
    ],
)
def test_it_tells_an_address_that_others_can_use(host: str, url: str) -> None:
    assert url_of(Settings(host=host, port=80, bus_url="nats://127.0.0.1:4222")) == url
