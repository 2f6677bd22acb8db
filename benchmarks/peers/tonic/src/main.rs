//! A bare ext_authz server on tonic that allows every Check, to compare with.
//!
//! It takes the address to listen on (host:port or unix:/path), prints where it listens as JSON,
//! and ends when its standard input does.

use envoy_types::ext_authz::v3::pb::{
    Authorization, AuthorizationServer, CheckRequest, CheckResponse, HttpResponse, OkHttpResponse,
};
use envoy_types::pb::google::rpc;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::server::TcpIncoming;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

struct Allowing;

#[tonic::async_trait]
impl Authorization for Allowing {
    async fn check(
        &self,
        _request: Request<CheckRequest>,
    ) -> Result<Response<CheckResponse>, Status> {
        Ok(Response::new(CheckResponse {
            status: Some(rpc::Status::default()),
            http_response: Some(HttpResponse::OkResponse(OkHttpResponse::default())),
            ..Default::default()
        }))
    }
}

async fn until_input_ends() {
    let mut ignored = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut ignored).await;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: tonic ADDRESS")?;
    let router = Server::builder().add_service(AuthorizationServer::new(Allowing));
    if let Some(path) = address.strip_prefix("unix:") {
        let incoming = UnixListenerStream::new(UnixListener::bind(path)?);
        println!("{{\"address\": \"{address}\"}}");
        router
            .serve_with_incoming_shutdown(incoming, until_input_ends())
            .await?;
    } else {
        let listener = TcpListener::bind(&address).await?;
        println!("{{\"address\": \"{}\"}}", listener.local_addr()?);
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        router
            .serve_with_incoming_shutdown(incoming, until_input_ends())
            .await?;
    }
    Ok(())
}
