from prometheus_client import CollectorRegistry, generate_latest

from markethall.kit.request_times import RequestTimes


def test_each_answer_is_in_its_bucket_and_all_above() -> None:
    times = RequestTimes()
    for seconds in (0.0005, 0.001, 0.02, 60.0):
        times.observe("GET", "/ping", 200, seconds)
    times.observe("GET", "/ping", 503, 1.0)
    registry = CollectorRegistry()
    registry.register(times)
    lines = generate_latest(registry).decode().splitlines()
    name, labels = "markethall_http_request_seconds", 'method="GET",route="/ping",status="200"'
    counts = {"0.001": 2, "0.01": 2, "0.025": 3, "30.0": 3, "+Inf": 4}
    for bound, count in counts.items():
        assert f'{name}_bucket{{le="{bound}",{labels}}} {count}.0' in lines or (
            f'{name}_bucket{{{labels},le="{bound}"}} {count}.0' in lines
        )
    assert f"{name}_count{{{labels}}} 4.0" in lines
    assert any(line.startswith(f"{name}_sum{{{labels}}} 60.02") for line in lines)
    assert f'{name}_count{{method="GET",route="/ping",status="503"}} 1.0' in lines
