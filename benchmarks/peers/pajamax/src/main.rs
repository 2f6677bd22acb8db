//! A bare ext_authz server on pajamax that allows every Check, to compare with.
//!
//! It takes the address to listen on (host:port: pajamax knows no Unix sockets), prints where it
//! listens as JSON, and ends when its standard input does.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

mod ext_authz {
    pajamax::include_proto!("envoy.service.auth.v3");
}

use ext_authz::{
    Authorization, AuthorizationServer, CheckRequest, CheckResponse, OkHttpResponse, Status,
};

struct Allowing;

impl Authorization for Allowing {
    fn check(&self, _request: CheckRequest) -> pajamax::Response<CheckResponse> {
        Ok(CheckResponse {
            status: Some(Status::default()),
            ok_response: Some(OkHttpResponse::default()),
        })
    }
}

/// A free port in the place of port 0, since pajamax does not tell which port it has taken.
fn with_port(address: &str) -> io::Result<SocketAddr> {
    TcpListener::bind(address)?.local_addr()
}

fn announce_when_serving(address: SocketAddr) {
    while TcpStream::connect(address).is_err() {
        thread::sleep(Duration::from_millis(10));
    }
    println!("{{\"address\": \"{address}\"}}");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args().nth(1).ok_or("usage: pajamax HOST:PORT")?;
    let address = with_port(&given)?;
    thread::spawn(move || announce_when_serving(address));
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    pajamax::Config::new()
        .add_service(AuthorizationServer::new(Allowing))
        .serve(address)?;
    Ok(())
}
