"""The access log service: Envoy reports to the adapter how each request ended."""

from adapter.envoy_config.config import EnvoyConfig
from adapter.envoy_config.parts.tree import Tree, seconds, token_metadata, typed


def adapter_access_log(config: EnvoyConfig) -> Tree:
    """The access logger of an Envoy whose clusters this package writes."""
    return access_logger("adapter_als", config.token, seconds(config.log_flush_s))


def access_logger(cluster: str, token: str | None, flush_interval: str) -> Tree:
    """The access logger that sends entries to the adapter, which makes events of them."""
    common = {
        "log_name": "adapter",
        "transport_api_version": "V3",
        "grpc_service": {
            "envoy_grpc": {"cluster_name": cluster},
            **token_metadata(token),
        },
        "buffer_flush_interval": flush_interval,
        # Also bounds what each worker keeps while the adapter does not read the stream.
        "buffer_size_bytes": 262144,
        "grpc_stream_retry_policy": {
            "num_retries": 3,
            "retry_back_off": {"base_interval": "0.2s", "max_interval": "2s"},
        },
    }
    return {
        "name": "envoy.access_loggers.http_grpc",
        "typed_config": typed(
            "access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
            {
                "common_config": common,
                # A denied gRPC call is logged as HTTP 200; grpc-status has the real status.
                "additional_response_headers_to_log": ["grpc-status"],
                "additional_response_trailers_to_log": ["grpc-status"],
            },
        ),
    }
